# The whole stack against moto, a fake of AWS on this machine (scripts/terraform starts it). Only this root knows of the fake.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "endpoint" {
  description = "Where moto listens, as http://127.0.0.1:5555."
  type        = string

  validation {
    condition     = can(regex("^http://127\\.0\\.0\\.1:[0-9]+$", var.endpoint))
    error_message = "endpoint: expected a port of this machine; this root must never reach AWS."
  }
}

variable "zone_id" {
  description = "Route 53 zone, made before by scripts/terraform: whether there are records must be known when the stack is planned."
  type        = string
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  s3_use_path_style           = true
  max_retries                 = 2 # what moto does not know answers 500, which would be tried 25 times

  endpoints {
    acm                    = var.endpoint
    applicationautoscaling = var.endpoint
    backup                 = var.endpoint
    budgets                = var.endpoint
    cloudfront             = var.endpoint
    cloudwatch             = var.endpoint
    cloudwatchlogs         = var.endpoint
    ec2                    = var.endpoint
    ecr                    = var.endpoint
    ecs                    = var.endpoint
    elasticloadbalancingv2 = var.endpoint
    events                 = var.endpoint
    iam                    = var.endpoint
    kms                    = var.endpoint
    rds                    = var.endpoint
    route53                = var.endpoint
    s3                     = var.endpoint
    s3control              = var.endpoint
    secretsmanager         = var.endpoint
    servicediscovery       = var.endpoint
    ses                    = var.endpoint
    sesv2                  = var.endpoint
    sns                    = var.endpoint
    sqs                    = var.endpoint
    ssm                    = var.endpoint
    sts                    = var.endpoint
    wafv2                  = var.endpoint
  }

  default_tags {
    tags = { Application = "startupwebapp", Environment = "test" }
  }
}

provider "aws" {
  alias                       = "replica"
  region                      = "us-west-2"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 2

  endpoints {
    backup = var.endpoint
    iam    = var.endpoint
    sts    = var.endpoint
  }

  default_tags {
    tags = { Application = "startupwebapp", Environment = "test" }
  }
}

# As much as possible is switched on, so that each type of resource is made once. Not the NAT instance: moto does not let go of the
# network interface of a terminated one, so that nothing could be destroyed; its own tests are in modules/network.
module "environment" {
  source = "../../modules/environment"

  environment  = "test"
  domain       = "example.com"
  zone_id      = var.zone_id
  alarm_emails = ["operator@example.com"]
  bastion      = true
  budget       = 100
  disposable   = true
  backup       = { cross_region = true }
  github       = { repository = "owner/name", environments = ["production"], create_oidc_provider = true }
  adjust       = { egress = "nat-gateway", waf = true, flow_logs = true, access_logs = true, monitoring_interval = 60 }
  tenants = {
    main = {
      priority       = 100
      api_host       = "api.example.com"
      site_host      = "shop.example.com"
      cookie_domain  = "example.com"
      mail_from      = "Example Shop <shop@example.com>"
      operator_email = "operator@example.com"
      spot           = ["clientevent"]
      site           = { shop_name = "Example Shop" }
    }
  }

  providers = {
    aws         = aws
    aws.replica = aws.replica
  }
}

output "environment" {
  description = "Everything that the environment says of itself."
  value       = module.environment
}
