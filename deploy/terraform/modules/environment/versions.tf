terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
      # The region that keeps the copies of the backups; the same provider again where there are none.
      configuration_aliases = [aws.replica]
    }
  }
}
