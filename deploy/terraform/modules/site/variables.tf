variable "name" {
  description = "Name of everything here, such as startupwebapp-production-main; the bucket's has the account's number behind it."
  type        = string
}

variable "host" {
  description = "Host name of the pages."
  type        = string
}

variable "api_origin" {
  description = "Origin of the API, the only place that the pages' scripts may speak to."
  type        = string

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", var.api_origin))
    error_message = "api_origin is an origin like https://api.shop.example, without a path."
  }
}

variable "certificate_arn" {
  description = "Certificate of the host, in us-east-1: CloudFront takes no other."
  type        = string
}

variable "zone_id" {
  description = "Route 53 zone of the host; empty when the record is entered by hand."
  type        = string
  default     = ""
}

variable "force_destroy" {
  description = "Whether the bucket may be deleted with pages in it; only for environments that are thrown away."
  type        = bool
  default     = false
}

variable "keep_replaced_days" {
  description = "How long replaced and deleted files can be brought back."
  type        = number
  default     = 90
}
