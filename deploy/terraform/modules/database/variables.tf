variable "name" {
  description = "Identifier of the instance and prefix of what belongs to it."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the instance."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones at least."
  type        = list(string)
}

variable "instance_class" {
  description = "Class of the instance; also decides how many connections there are."
  type        = string
  default     = "db.t4g.micro"

  validation {
    condition     = contains(["db.t4g.micro", "db.t4g.small", "db.t4g.medium", "db.t4g.large", "db.m7g.large", "db.r7g.large"], var.instance_class)
    error_message = "instance_class: expected db.t4g.micro, small, medium or large, db.m7g.large or db.r7g.large (its connections must be known: add it to max_connections)."
  }
}

variable "multi_az" {
  description = "Keep a standby in another zone."
  type        = bool
  default     = false
}

variable "allocated_storage" {
  description = "GB at the start."
  type        = number
  default     = 20
}

variable "max_storage" {
  description = "GB up to which the storage grows by itself."
  type        = number
  default     = 100

  validation {
    condition     = var.max_storage > var.allocated_storage
    error_message = "max_storage: expected more than allocated_storage, or a full disk stops the shop."
  }
}

variable "backup_retention_days" {
  description = "Days that any second can be restored of."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 35
    error_message = "backup_retention_days: expected 7 to 35."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the instance; turned off in an apply of its own before a destroy."
  type        = bool
  default     = true
}

variable "skip_final_snapshot" {
  description = "Leave no snapshot behind when destroyed; for environments without anything to lose."
  type        = bool
  default     = false
}

variable "monitoring_interval" {
  description = "Seconds between samples of Enhanced Monitoring; 0 is off."
  type        = number
  default     = 0
}

variable "kms_key_arn" {
  description = "Key of the storage; the account's own key for RDS when empty."
  type        = string
  default     = ""
}
