variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "domain" {
  description = "Domain that mail is sent from."
  type        = string
}

variable "zone_id" {
  description = "Route 53 zone of the domain; empty where DNS is kept by hand (then see dns_records)."
  type        = string
  default     = ""
}

variable "mail_from_subdomain" {
  description = "Label of the name that bounces return to; must not be used for anything else."
  type        = string
  default     = "bounce"
}

variable "dmarc_policy" {
  description = "What receivers do with mail that is not ours: none, quarantine or reject."
  type        = string
  default     = "quarantine"

  validation {
    condition     = contains(["none", "quarantine", "reject"], var.dmarc_policy)
    error_message = "dmarc_policy: expected none, quarantine or reject."
  }
}

variable "dmarc_reports_to" {
  description = "Address for the reports of receivers; empty for none."
  type        = string
  default     = ""
}

variable "emails" {
  description = "Who is told of bounces and complaints."
  type        = list(string)
  default     = []
}
