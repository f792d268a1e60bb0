# The shop that customers see. State lies in S3; which bucket is told by -backend-config.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  backend "s3" {
    key          = "production/terraform.tfstate"
    encrypt      = true
    use_lockfile = true # a lock object beside the state: no table is needed
  }
}

provider "aws" {
  region = "us-east-1" # CloudFront takes certificates of no other

  default_tags {
    tags = local.tags
  }
}

# The second region, for copies of backups.
provider "aws" {
  alias  = "replica"
  region = var.replica_region

  default_tags {
    tags = local.tags
  }
}

locals {
  tags = {
    Application = "startupwebapp"
    Environment = "production"
    ManagedBy   = "terraform"
  }
}

module "environment" {
  source = "../../modules/environment"

  environment  = "production"
  profile      = var.profile
  adjust       = var.adjust
  cidr         = "10.0.0.0/16"
  domain       = var.domain
  zone_id      = var.zone_id
  tenants      = var.tenants
  alarm_emails = var.alarm_emails
  budget       = var.budget
  bastion      = var.bastion
  backup       = var.backup
  github       = var.github_repository == "" ? null : { repository = var.github_repository, environments = ["production"], create_oidc_provider = true }

  providers = {
    aws         = aws
    aws.replica = aws.replica
  }
}

output "environment" {
  description = "What an operator needs next: DNS records, the role of the workflows, the dashboard."
  value       = module.environment
}
