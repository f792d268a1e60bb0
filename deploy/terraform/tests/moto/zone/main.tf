# Stands before the stack, as a customer's zone does: whether there are records must be known when the stack is planned.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "endpoint" {
  description = "Where moto listens."
  type        = string
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  max_retries                 = 2

  endpoints {
    iam     = var.endpoint
    route53 = var.endpoint
    sts     = var.endpoint
  }
}

resource "aws_route53_zone" "this" {
  name          = "example.com"
  force_destroy = true
}

output "zone_id" {
  description = "Id of the zone."
  value       = aws_route53_zone.this.zone_id
}
