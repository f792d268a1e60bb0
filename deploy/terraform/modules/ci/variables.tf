variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "repository" {
  description = "GitHub repository, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "repository: expected owner/name, without wildcards."
  }
}

variable "environments" {
  description = "GitHub environments whose jobs may take the role; protect them with reviewers and branches."
  type        = list(string)

  validation {
    condition     = length(var.environments) > 0 && alltrue([for environment in var.environments : can(regex("^[A-Za-z0-9_-]+$", environment))])
    error_message = "environments: expected at least one name of letters, digits, - and _, without wildcards."
  }
}

variable "create_oidc_provider" {
  description = "An account has one provider for GitHub: one environment makes it, the others use it."
  type        = bool
}

variable "cluster_name" {
  description = "ECS cluster."
  type        = string
}

variable "family_prefix" {
  description = "Families of task definitions that may be run, as startupwebapp-production-."
  type        = string
}

variable "repository_arns" {
  description = "ECR repositories that may be pushed to."
  type        = list(string)
}

variable "task_role_arns" {
  description = "Roles that may be given to tasks: task, execution and migration roles of the shops."
  type        = list(string)
}

variable "parameter_prefix" {
  description = "SSM parameters that may be read and written, as /startupwebapp/production."
  type        = string
}

variable "log_group_prefix" {
  description = "Log groups that may be read, as /startupwebapp/production/."
  type        = string
}

variable "site_buckets" {
  description = "Buckets of the pages."
  type        = list(string)
}

variable "distribution_arns" {
  description = "CloudFront distributions that may be invalidated."
  type        = list(string)
}

variable "policy_arns" {
  description = "Further policies by a name of theirs, as the one of restore drills."
  type        = map(string)
  default     = {}
}
