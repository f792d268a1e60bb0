variable "project" {
  description = "First part of all names."
  type        = string
}

variable "environment" {
  description = "Second part of all names."
  type        = string
}

variable "services" {
  description = "Names of the services that have an image."
  type        = list(string)
}

variable "force_delete" {
  description = "Delete repositories with images in them; for environments that come and go."
  type        = bool
  default     = false
}
