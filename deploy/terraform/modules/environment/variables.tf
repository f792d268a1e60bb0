variable "project" {
  description = "First part of all names."
  type        = string
  default     = "startupwebapp"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,19}$", var.project))
    error_message = "project: expected 2 to 20 small letters and digits, beginning with a letter."
  }
}

variable "environment" {
  description = "Second part of all names, as production or staging."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment: expected 2 to 12 small letters and digits, beginning with a letter (names of load balancers are short)."
  }
}

variable "domain" {
  description = "Domain of all hosts and of mail; the certificate covers it and one label beneath it."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain: expected a name as example.com, in small letters, without scheme or dot at the end."
  }
}

variable "zone_id" {
  description = "Route 53 zone of the domain; empty where DNS is kept by hand: the outputs list the records then."
  type        = string
  default     = ""
}

variable "tenants" {
  description = <<-TEXT
    Shops of this environment by name. Each has a database, roles, secrets, five services and pages of its own.
    priority orders their rules at the load balancer and must not change afterwards; the numbers of tasks and spot
    may be left to the profile.
  TEXT
  type = map(object({
    priority       = number
    api_host       = string
    site_host      = string
    cookie_domain  = string
    mail_from      = string
    operator_email = string
    minimum        = optional(number)
    maximum        = optional(number)
    spot           = optional(set(string), [])
    site = object({
      shop_name    = string
      phone        = optional(string, "")
      phone_target = optional(string, "")
      email        = optional(string, "")
    })
  }))

  validation {
    condition     = length(var.tenants) > 0 && alltrue([for name in keys(var.tenants) : can(regex("^[a-z][a-z0-9_]{0,20}$", name))])
    error_message = "tenants: expected at least one; a name has 1 to 21 small letters, digits and _, beginning with a letter (it names a database)."
  }

  validation {
    condition = alltrue([for tenant in var.tenants : alltrue([for host in [tenant.api_host, tenant.site_host] :
      can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", trimsuffix(host, ".${var.domain}"))) && endswith(host, ".${var.domain}")
    ])])
    error_message = "tenants: expected api_host and site_host to be one label beneath the domain, as api.example.com: the certificate covers no deeper name."
  }

  validation {
    condition     = length(distinct(flatten([for tenant in var.tenants : [tenant.api_host, tenant.site_host]]))) == 2 * length(var.tenants)
    error_message = "tenants: expected hosts that no other tenant has; api_host and site_host differ too."
  }

  validation {
    condition     = alltrue([for tenant in var.tenants : endswith(tenant.api_host, ".${trimprefix(tenant.cookie_domain, ".")}") && endswith(tenant.site_host, ".${trimprefix(tenant.cookie_domain, ".")}")])
    error_message = "tenants: expected a cookie_domain that both api_host and site_host lie beneath, or browsers drop the cookies."
  }

  validation {
    condition     = alltrue([for tenant in var.tenants : can(regex("@(.*\\.)?${replace(var.domain, ".", "\\.")}>?$", tenant.mail_from))])
    error_message = "tenants: expected mail_from to be an address of the domain: SES signs for no other."
  }

  validation {
    condition     = alltrue([for tenant in var.tenants : can(regex("^[^@ ]+@[^@ ]+$", tenant.operator_email))])
    error_message = "tenants: expected operator_email to be an address."
  }

  validation {
    condition     = length(distinct([for tenant in var.tenants : tenant.priority])) == length(var.tenants) && alltrue([for tenant in var.tenants : tenant.priority >= 1 && tenant.priority <= 40000 && floor(tenant.priority) == tenant.priority])
    error_message = "tenants: expected priorities from 1 to 40000, each but once."
  }

  validation {
    condition     = alltrue([for tenant in var.tenants : coalesce(tenant.minimum, local.settings.minimum) >= 1 && coalesce(tenant.maximum, local.settings.maximum) >= coalesce(tenant.minimum, local.settings.minimum)])
    error_message = "tenants: expected minimum of at least 1 and maximum not below it."
  }
}

variable "profile" {
  description = "minimum: cheapest that works. high-availability: outlives the loss of a zone."
  type        = string
  default     = "minimum"

  validation {
    condition     = contains(["minimum", "high-availability"], var.profile)
    error_message = "profile: expected minimum or high-availability."
  }
}

variable "adjust" {
  description = "Single settings that differ from the profile's; see profiles.tf."
  type = object({
    egress              = optional(string)
    instance_class      = optional(string)
    multi_az            = optional(bool)
    monitoring_interval = optional(number)
    minimum             = optional(number)
    maximum             = optional(number)
    database_max_conns  = optional(number)
    cpu                 = optional(number)
    memory              = optional(number)
    waf                 = optional(bool)
    flow_logs           = optional(bool)
    access_logs         = optional(bool)
  })
  default = {}
}

variable "cidr" {
  description = "IPv4 range of the VPC; environments that may be joined one day take different ones."
  type        = string
  default     = "10.0.0.0/16"
}

variable "zones" {
  description = "Two availability zones; the first two letters of the region when empty."
  type        = list(string)
  default     = []
}

variable "alarm_emails" {
  description = "Who is told of alarms, bounces and complaints. Each confirms by a mail of SNS."
  type        = list(string)
  default     = []
}

variable "github" {
  description = "Repository (owner/name) whose jobs in these GitHub environments may ship; null for no such role."
  type = object({
    repository           = string
    environments         = list(string)
    create_oidc_provider = bool
  })
  default = null
}

variable "bastion" {
  description = "Keep a machine beside the database, reached by Session Manager alone."
  type        = bool
  default     = false
}

variable "backup" {
  description = "Daily recovery points besides the 7 days of RDS: how long, and whether a second region keeps copies."
  type = object({
    retention_days = optional(number, 35)
    cross_region   = optional(bool, false)
  })
  default = {}
}

variable "budget" {
  description = "USD a month above which mails are sent (at 80 % as forecast, at 100 % as spent); 0 for none. Counts the whole account."
  type        = number
  default     = 0

  validation {
    condition     = var.budget == 0 || (var.budget > 0 && length(var.alarm_emails) > 0)
    error_message = "budget: expected 0, or an amount and somebody in alarm_emails to tell."
  }
}

variable "log_retention_days" {
  description = "How long the services' logs are kept."
  type        = number
  default     = 30
}

variable "disposable" {
  description = "Let terraform destroy delete everything with what lies in it: for tests and trials, never for a shop."
  type        = bool
  default     = false
}
