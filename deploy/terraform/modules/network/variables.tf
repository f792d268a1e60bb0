variable "name" {
  description = "Prefix of all names, as startupwebapp-production."
  type        = string
}

variable "cidr" {
  description = "IPv4 range of the VPC. Subnets are 8 bits smaller: 10.0.0.0/16 gives 10.0.1.0/24 and so on."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 18, false)
    error_message = "cidr: expected an IPv4 range from /16 to /18, as 10.0.0.0/16."
  }
}

variable "zones" {
  description = "Two availability zones."
  type        = list(string)

  validation {
    condition     = length(var.zones) == 2 && length(distinct(var.zones)) == 2
    error_message = "zones: expected two different availability zones."
  }
}

variable "egress" {
  description = "How tasks reach the internet: nat-instance (cheapest), nat-gateway (one), nat-gateway-per-zone."
  type        = string

  validation {
    condition     = contains(["nat-instance", "nat-gateway", "nat-gateway-per-zone"], var.egress)
    error_message = "egress: expected nat-instance, nat-gateway or nat-gateway-per-zone."
  }
}

variable "nat_instance_type" {
  description = "ARM64 instance type of the NAT instance."
  type        = string
  default     = "t4g.nano"
}

variable "alarm_topic_arns" {
  description = "Told when the NAT instance fails its checks."
  type        = list(string)
  default     = []
}

variable "flow_logs" {
  description = "Write refused and accepted connections to CloudWatch Logs (0.50 USD a GB)."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "How long flow logs are kept."
  type        = number
  default     = 30
}
