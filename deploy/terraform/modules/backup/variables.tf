variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "database_arn" {
  description = "Instance that is backed up."
  type        = string
}

variable "database_identifier" {
  description = "Its identifier; restore drills are named after it."
  type        = string
}

variable "subnet_group_name" {
  description = "Where a restored copy is placed."
  type        = string
}

variable "parameter_group_name" {
  description = "What a restored copy is set to."
  type        = string
}

variable "schedule" {
  description = "When the plan runs, in UTC; away from the window of RDS (03:00-04:00) and of its maintenance."
  type        = string
  default     = "cron(0 6 * * ? *)"
}

variable "retention_days" {
  description = "How long a recovery point is kept."
  type        = number
  default     = 35

  validation {
    condition     = var.retention_days >= 7
    error_message = "retention_days: expected 7 or more."
  }
}

variable "cross_region" {
  description = "Copy every recovery point to the region of the provider aws.replica."
  type        = bool
  default     = false
}
