variable "names" {
  description = "Secrets by the name that the caller knows each one under; the values are the names in Secrets Manager."
  type        = map(string)
}

variable "recovery_window_in_days" {
  description = "How long a deleted secret can be brought back: 0 (at once gone, for what is thrown away) or 7 to 30."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_in_days == 0 || (var.recovery_window_in_days >= 7 && var.recovery_window_in_days <= 30)
    error_message = "recovery_window_in_days is 0 or from 7 to 30."
  }
}

variable "kms_key_arn" {
  description = "Key of the shop's own to encrypt with; null is the account's key of Secrets Manager, which costs nothing."
  type        = string
  default     = null
}
