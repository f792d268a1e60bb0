variable "project" {
  description = "First part of all names."
  type        = string
}

variable "environment" {
  description = "Second part of all names, such as production."
  type        = string
}

variable "tenant" {
  description = "Third part of all names: whose shop it is."
  type        = string
}

variable "name" {
  description = "The service: user, order, payment, clientevent or gateway."
  type        = string
}

variable "account" {
  description = "Where it runs."
  type = object({
    id        = string
    partition = string
    region    = string
  })
}

variable "network" {
  description = "Subnets that tasks run in, at least two zones of one VPC."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
}

variable "cluster" {
  description = "ECS cluster, which has the capacity providers FARGATE and FARGATE_SPOT."
  type = object({
    arn  = string
    name = string
  })
}

variable "namespace" {
  description = "Private DNS namespace of Cloud Map."
  type = object({
    id   = string
    name = string
  })
}

variable "repository" {
  description = "ECR repository of the image."
  type = object({
    arn = string
    url = string
  })
}

variable "port" {
  description = "Where the process listens."
  type        = number
}

variable "variables" {
  description = "Plain environment; nothing secret. AWS_SECRET_ID and GOMEMLIMIT are added."
  type        = map(string)
}

variable "secret" {
  description = "Secret with the JSON object of the other variables, read by the process itself."
  type = object({
    arn  = string
    name = string
  })
}

variable "secret_key_arn" {
  description = "KMS key of the secret when it is not the account's own."
  type        = string
  default     = null
}

variable "statements" {
  description = "What the process may do besides reading its secret: IAM statements."
  type        = any
  default     = []
}

variable "has_schema" {
  description = "Whether the service keeps data: it may reach the database and has a migration."
  type        = bool
}

variable "database" {
  description = "The instance; used when has_schema."
  type = object({
    host              = string
    port              = number
    master_username   = string
    master_secret_arn = string
    security_group_id = string
  })
}

variable "master_secret_key_arn" {
  description = "KMS key of the master user's secret when it is not the account's own."
  type        = string
  default     = null
}

variable "listener" {
  description = "Rule of the load balancer that leads to the service; null for one that only other services call."
  type = object({
    arn               = string
    priority          = number
    host              = string
    health_path       = string
    security_group_id = string
  })
  default = null
}

variable "size" {
  description = "CPU units and MiB of a task, as Fargate pairs them."
  type = object({
    cpu    = number
    memory = number
  })
  default = { cpu = 256, memory = 512 }
}

variable "architecture" {
  description = "ARM64 or X86_64; ARM64 costs a fifth less."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture is ARM64 or X86_64."
  }
}

variable "minimum" {
  description = "Fewest tasks; ship never sets fewer, autoscaling never goes below."
  type        = number
  default     = 1

  validation {
    condition     = var.minimum >= 1 && var.minimum <= var.maximum
    error_message = "minimum is from 1 to maximum."
  }
}

variable "maximum" {
  description = "Most tasks of autoscaling."
  type        = number
  default     = 4
}

variable "spot" {
  description = "Whether tasks run on FARGATE_SPOT: much cheaper, taken away with two minutes' notice. It can be changed at any time."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "How long log lines are kept."
  type        = number
  default     = 30
}

variable "log_key_arn" {
  description = "KMS key of the log group; null is the encryption that CloudWatch always does."
  type        = string
  default     = null
}

variable "execute_command" {
  description = "ECS Exec. Off: the image has no shell and its root is read-only, which the agent of ECS Exec does not bear."
  type        = bool
  default     = false
}

variable "service_connect" {
  description = "Service Connect in place of plain DNS: an Envoy in each task, which wants 256 CPU units and 64 MiB more."
  type        = bool
  default     = false
}
