output "load_balancer" {
  description = "Where the API's hosts lead to, for DNS by hand."
  value       = module.edge.dns_name
}

output "sites" {
  description = "Where the pages' hosts lead to, for DNS by hand, by tenant."
  value       = { for tenant, shop in module.shop : tenant => shop.site.distribution_domain }
}

output "certificate_records" {
  description = "Records that prove the certificate, for DNS by hand. They must stand before the apply can end."
  value       = module.edge.validation_records
}

output "mail_records" {
  description = "Records of DKIM, MAIL FROM, SPF and DMARC, for DNS by hand."
  value       = module.mail.dns_records
}

output "ci_role_arn" {
  description = "Role for the variable AWS_ROLE_ARN of the GitHub environment; null without github."
  value       = one(module.ci[*].role_arn)
}

output "bastion_instance_id" {
  description = "What Session Manager is told; null while it is off."
  value       = module.bastion.instance_id
}

output "dashboard_name" {
  description = "Dashboard of the golden signals."
  value       = module.observability.dashboard_name
}

output "shop_parameters" {
  description = "SSM parameters that ship reads, by tenant."
  value       = { for tenant, shop in module.shop : tenant => shop.document_parameter_arn }
}

output "connections" {
  description = "Connections that all pools want at the most, and those that the instance takes."
  value       = { wanted = local.connections_wanted, available = module.database.max_connections }

  precondition {
    condition     = local.connections_wanted <= module.database.max_connections
    error_message = "With tasks at their maximum the pools want ${local.connections_wanted} connections, ${local.settings.instance_class} takes ${module.database.max_connections}: lower maximum or adjust.database_max_conns, or take a larger adjust.instance_class."
  }
}
