variable "enabled" {
  description = "Whether the instance exists; off unless somebody works on the database."
  type        = bool
  default     = false
}

variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the instance."
  type        = string
}

variable "subnet_id" {
  description = "Private subnet of the instance."
  type        = string
}

variable "database_security_group_id" {
  description = "Group of the database, which gets a rule for the bastion."
  type        = string
}

variable "instance_type" {
  description = "ARM64 instance type."
  type        = string
  default     = "t4g.nano"
}
