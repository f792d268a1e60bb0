# What is told from outside; the meaning and the checks of each are in modules/environment/variables.tf.

variable "domain" {
  description = "Domain of all hosts and of mail."
  type        = string
}

variable "zone_id" {
  description = "Route 53 zone of the domain; empty where DNS is kept by hand."
  type        = string
  default     = ""
}

variable "tenants" {
  description = "Shops by name; see example.tfvars."
  type        = any
}

variable "profile" {
  description = "minimum or high-availability."
  type        = string
  default     = "minimum"
}

variable "adjust" {
  description = "Single settings that differ from the profile's."
  type        = any
  default     = {}
}

variable "alarm_emails" {
  description = "Who is told of alarms, bounces and complaints."
  type        = list(string)
  default     = []
}

variable "budget" {
  description = "USD a month above which mails are sent; 0 for none."
  type        = number
  default     = 0
}

variable "bastion" {
  description = "Keep a machine beside the database."
  type        = bool
  default     = false
}

variable "backup" {
  description = "retention_days and cross_region of the recovery points."
  type        = any
  default     = {}
}

variable "replica_region" {
  description = "Region of the copies when backup.cross_region is true."
  type        = string
  default     = "us-west-2"
}

variable "github_repository" {
  description = "owner/name whose jobs may ship; empty for none."
  type        = string
  default     = ""
}

variable "create_oidc_provider" {
  description = "Whether this account has no provider for GitHub yet: production makes it when both live in one account."
  type        = bool
  default     = false
}
