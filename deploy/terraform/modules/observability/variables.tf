variable "name" {
  description = "Prefix of all names and namespace of the metrics, such as startupwebapp-production."
  type        = string
}

variable "load_balancer_arn_suffix" {
  description = "The load balancer as CloudWatch names it."
  type        = string
}

variable "cluster_name" {
  description = "ECS cluster."
  type        = string
}

variable "tenants" {
  description = "The shops: what module shop says of each."
  type = map(object({
    services = map(object({
      service_name            = string
      log_group               = string
      target_group_arn_suffix = optional(string)
      minimum                 = optional(number, 1)
    }))
    site = optional(object({ distribution_id = string }))
  }))
}

variable "database_identifier" {
  description = "The shared instance."
  type        = string
}

variable "database_max_connections" {
  description = "Connections that the instance takes; from four fifths of it on there is an alarm."
  type        = number
}

variable "database_free_memory_bytes" {
  description = "Freeable memory of the instance below which there is an alarm."
  type        = number
  default     = 104857600
}

variable "database_free_storage_bytes" {
  description = "Free storage of the instance below which there is an alarm."
  type        = number
  default     = 2147483648
}

variable "emails" {
  description = "Who is told. Each has to confirm a mail of SNS once."
  type        = list(string)
}

variable "latency_p95_seconds" {
  description = "Answers of the gateway: 95 of 100 are faster."
  type        = number
  default     = 1
}

variable "latency_p99_seconds" {
  description = "Answers of the gateway: 99 of 100 are faster."
  type        = number
  default     = 3
}
