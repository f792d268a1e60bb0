variable "name" {
  description = "Name of the load balancer: letters, digits and hyphens, 32 at most."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$", var.name)) && !startswith(var.name, "internal-")
    error_message = "name has 32 letters, digits and hyphens at most, no hyphen at its ends, and does not begin with internal-."
  }
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "public_subnet_ids" {
  description = "Public subnets in at least two zones."
  type        = list(string)
}

variable "domain" {
  description = "First name of the certificate, such as *.example.com."
  type        = string
}

variable "alternative_names" {
  description = "Other names of the certificate, such as example.com."
  type        = list(string)
  default     = []
}

variable "zone_id" {
  description = "Route 53 zone of the names; empty when DNS is kept elsewhere and the records of validation_records are entered by hand."
  type        = string
  default     = ""
}

variable "waf" {
  description = "Web application firewall in front (about 8 USD a month)."
  type        = bool
  default     = false
}

variable "rate_limit" {
  description = "Requests from one address in five minutes, above which it is refused until it calms down."
  type        = number
  default     = 2000

  validation {
    condition     = var.rate_limit >= 100 && var.rate_limit <= 2000000000
    error_message = "rate_limit is at least 100."
  }
}

variable "webhook_path" {
  description = "Path of Stripe's webhooks, which no rule holds up: they are signed, come in bursts and are larger than forms."
  type        = string
  default     = "/order/stripe-webhook"
}

variable "access_logs" {
  description = "Access logs of the load balancer in a bucket, kept for 90 days. They hold addresses of visitors."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted. Made anew it has another DNS name."
  type        = bool
  default     = true
}

variable "force_destroy" {
  description = "Whether the bucket of access logs may be deleted with logs in it; only for environments that are thrown away."
  type        = bool
  default     = false
}
