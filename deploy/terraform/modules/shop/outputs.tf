output "services" {
  description = "What others need of each service."
  value = {
    for name, service in module.service : name => {
      service_name            = service.service_name
      family                  = service.family
      log_group               = service.log_group
      target_group_name       = service.target_group_name
      target_group_arn_suffix = service.target_group_arn_suffix
      role_names              = service.role_names
      task_role_arn           = service.task_role_arn
      execution_role_arn      = service.execution_role_arn
      migration_role_arns     = service.migration_role_arns
      security_group_id       = service.security_group_id
      secret_arn              = module.secrets.secrets[name].arn
      secret_name             = module.secrets.secrets[name].name
      minimum                 = var.minimum
    }
  }
}

output "site" {
  description = "Where the pages lie."
  value = {
    bucket              = module.site.bucket
    distribution_id     = module.site.distribution_id
    distribution_arn    = module.site.distribution_arn
    distribution_domain = module.site.distribution_domain
  }
}

output "document_parameter_arn" {
  description = "SSM parameter that ship reads."
  value       = aws_ssm_parameter.document.arn
}

output "document_parameter_name" {
  description = "Name of that parameter."
  value       = aws_ssm_parameter.document.name
}

output "database" {
  description = "Name of the shop's database."
  value       = var.tenant
}

output "variables" {
  description = "The plain environment of each service."
  value       = { for name, service in module.service : name => service.variables }
}
