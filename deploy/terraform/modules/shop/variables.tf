variable "project" {
  description = "First part of all names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,20}$", var.project))
    error_message = "project has 21 small letters, digits and hyphens at most."
  }
}

variable "environment" {
  description = "Second part of all names, such as production."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}$", var.environment))
    error_message = "environment has 15 small letters, digits and hyphens at most."
  }
}

variable "tenant" {
  description = "Whose shop it is: third part of all names, name of the database and prefix of its roles."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,20}$", var.tenant)) && !contains(["postgres", "template0", "template1", "rdsadmin"], var.tenant)
    error_message = "tenant has 21 small letters, digits and underscores at most, and is no database of PostgreSQL's own."
  }
}

variable "api_host" {
  description = "Host name of the API, such as api.shop.example."
  type        = string
}

variable "site_host" {
  description = "Host name of the pages, such as www.shop.example."
  type        = string
}

variable "cookie_domain" {
  description = "Domain of all cookies: the parent of both hosts, with a dot at the front."
  type        = string

  validation {
    condition     = startswith(var.cookie_domain, ".") && endswith(var.api_host, var.cookie_domain) && endswith(var.site_host, var.cookie_domain)
    error_message = "cookie_domain begins with a dot and is the parent of api_host and site_host: pages and API share cookies."
  }
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "private_subnet_ids" {
  description = "Where tasks run: private subnets of at least two zones."
  type        = list(string)
}

variable "cluster_name" {
  description = "ECS cluster."
  type        = string
}

variable "cluster_arn" {
  description = "ECS cluster."
  type        = string
}

variable "namespace_id" {
  description = "Private DNS namespace of Cloud Map."
  type        = string
}

variable "namespace_name" {
  description = "Its name, the domain of the services."
  type        = string
}

variable "https_listener_arn" {
  description = "Listener that the shop's host rule goes on."
  type        = string
}

variable "listener_priority" {
  description = "Place of the rule, which no other shop has."
  type        = number

  validation {
    condition     = var.listener_priority >= 1 && var.listener_priority <= 50000
    error_message = "listener_priority is from 1 to 50000."
  }
}

variable "load_balancer_security_group_id" {
  description = "Group of the load balancer."
  type        = string
}

variable "load_balancer_dns_name" {
  description = "Name that api_host leads to."
  type        = string
}

variable "load_balancer_hosted_zone_id" {
  description = "Zone of load_balancer_dns_name."
  type        = string
}

variable "database" {
  description = "The shared instance."
  type = object({
    identifier        = string
    host              = string
    port              = number
    master_username   = string
    master_secret_arn = string
    security_group_id = string
  })
}

variable "repositories" {
  description = "ECR repositories by service."
  type = map(object({
    name = string
    url  = string
    arn  = string
  }))
}

variable "mail" {
  description = "Sender (an address, or \"Name <address>\"), who gets the shop's notices, and what SES sends by."
  type = object({
    from              = string
    operator_email    = string
    identity_arn      = string
    configuration_set = optional(string)
  })
}

variable "certificate_arn" {
  description = "Certificate of site_host, in us-east-1."
  type        = string
}

variable "zone_id" {
  description = "Route 53 zone of both hosts; empty when DNS is kept elsewhere."
  type        = string
  default     = ""
}

variable "size" {
  description = "CPU units and MiB of each task."
  type = object({
    cpu    = number
    memory = number
  })
  default = { cpu = 256, memory = 512 }
}

variable "minimum" {
  description = "Fewest tasks of each service."
  type        = number
  default     = 1
}

variable "maximum" {
  description = "Most tasks of each service."
  type        = number
  default     = 4
}

variable "spot" {
  description = "Services that run on FARGATE_SPOT."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.spot, ["user", "order", "clientevent"])) == 0
    error_message = "spot may name user, order and clientevent; gateway and payment hold requests that nobody repeats."
  }
}

variable "database_max_conns" {
  description = "Connections of each task; four services times maximum times this must stay below what the instance takes."
  type        = number
  default     = 4
}

variable "log_level" {
  description = "Least severe log line that is written. Above INFO the dashboard has no traffic and no latency."
  type        = string
  default     = "INFO"
}

variable "log_retention_days" {
  description = "How long log lines are kept."
  type        = number
  default     = 30
}

variable "site" {
  description = "What the pages say of the shop; ship publishes them with it."
  type = object({
    shop_name    = string
    phone        = string
    phone_target = string
    email        = string
  })
}

variable "service_connect" {
  description = "Service Connect in place of plain DNS."
  type        = bool
  default     = false
}

variable "secret_recovery_days" {
  description = "How long deleted secrets can be brought back; 0 only for environments that are thrown away."
  type        = number
  default     = 30
}

variable "force_destroy" {
  description = "Whether the pages' bucket may be deleted with pages in it; only for environments that are thrown away."
  type        = bool
  default     = false
}
