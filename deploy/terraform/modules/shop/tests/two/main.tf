# Two shops in one environment, the second with a name as long as one may be.
locals {
  tenants = {
    one                  = { priority = 100, host = "one.example" }
    two_much_longer_name = { priority = 101, host = "two.example" }
  }

  names = {
    for tenant, shop in module.shop : tenant => concat(
      [shop.document_parameter_name, shop.site.bucket],
      flatten([for service in values(shop.services) : [
        service.service_name, service.family, service.log_group, service.secret_name, service.target_group_name == null ? [] : [service.target_group_name],
        service.role_names,
      ]]),
    )
  }
}

module "shop" {
  source   = "../.."
  for_each = local.tenants

  project                         = var.project
  environment                     = var.environment
  tenant                          = each.key
  api_host                        = "api.${each.value.host}"
  site_host                       = "www.${each.value.host}"
  cookie_domain                   = ".${each.value.host}"
  vpc_id                          = var.vpc_id
  private_subnet_ids              = var.private_subnet_ids
  cluster_name                    = var.cluster_name
  cluster_arn                     = var.cluster_arn
  namespace_id                    = var.namespace_id
  namespace_name                  = var.namespace_name
  https_listener_arn              = var.https_listener_arn
  listener_priority               = each.value.priority
  load_balancer_security_group_id = var.load_balancer_security_group_id
  load_balancer_dns_name          = var.load_balancer_dns_name
  load_balancer_hosted_zone_id    = var.load_balancer_hosted_zone_id
  database                        = var.database
  repositories                    = var.repositories
  mail                            = var.mail
  certificate_arn                 = var.certificate_arn
  site                            = var.site
}

output "shared_names" {
  value = setintersection(local.names["one"], local.names["two_much_longer_name"])
}

output "databases" {
  value = toset([for shop in module.shop : shop.database])
}
