# One environment: what all tenants share, and a shop for each of them.

data "aws_region" "current" {}

locals {
  name     = "${var.project}-${var.environment}"
  services = ["user", "order", "payment", "clientevent", "gateway"]
  zones    = length(var.zones) > 0 ? var.zones : [for letter in ["a", "b"] : "${data.aws_region.current.name}${letter}"]
}

module "network" {
  source = "../network"

  name             = local.name
  cidr             = var.cidr
  zones            = local.zones
  egress           = local.settings.egress
  flow_logs        = local.settings.flow_logs
  alarm_topic_arns = [module.observability.topic_arn]
}

module "database" {
  source = "../database"

  name                = local.name
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.private_subnet_ids
  instance_class      = local.settings.instance_class
  multi_az            = local.settings.multi_az
  monitoring_interval = local.settings.monitoring_interval
  deletion_protection = !var.disposable
  skip_final_snapshot = var.disposable
}

module "registry" {
  source = "../registry"

  project      = var.project
  environment  = var.environment
  services     = local.services
  force_delete = var.disposable
}

module "edge" {
  source = "../edge"

  name                = local.name
  vpc_id              = module.network.vpc_id
  public_subnet_ids   = module.network.public_subnet_ids
  domain              = var.domain
  alternative_names   = ["*.${var.domain}"]
  zone_id             = var.zone_id
  waf                 = local.settings.waf
  access_logs         = local.settings.access_logs
  deletion_protection = !var.disposable
  force_destroy       = var.disposable
}

module "mail" {
  source = "../mail"

  name    = local.name
  domain  = var.domain
  zone_id = var.zone_id
  emails  = var.alarm_emails
}

resource "aws_ecs_cluster" "this" {
  name = local.name

  # Priced by custom metric; the alarms do with what ECS and the load balancer measure for nothing.
  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
}

# Plain DNS among the services: an Envoy in each task (Service Connect) does not fit the smallest size.
resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = "${var.environment}.${var.project}.internal"
  description = "Services of ${local.name}"
  vpc         = module.network.vpc_id
}

module "shop" {
  source   = "../shop"
  for_each = var.tenants

  project     = var.project
  environment = var.environment
  tenant      = each.key

  api_host      = each.value.api_host
  site_host     = each.value.site_host
  cookie_domain = ".${trimprefix(each.value.cookie_domain, ".")}"

  vpc_id             = module.network.vpc_id
  private_subnet_ids = module.network.private_subnet_ids
  cluster_name       = aws_ecs_cluster_capacity_providers.this.cluster_name
  cluster_arn        = aws_ecs_cluster.this.arn
  namespace_id       = aws_service_discovery_private_dns_namespace.this.id
  namespace_name     = aws_service_discovery_private_dns_namespace.this.name

  https_listener_arn              = module.edge.https_listener_arn
  listener_priority               = each.value.priority
  load_balancer_security_group_id = module.edge.security_group_id
  load_balancer_dns_name          = module.edge.dns_name
  load_balancer_hosted_zone_id    = module.edge.hosted_zone_id
  certificate_arn                 = module.edge.certificate_arn
  zone_id                         = var.zone_id

  database     = module.database
  repositories = module.registry.repositories
  mail = {
    from              = each.value.mail_from
    operator_email    = each.value.operator_email
    identity_arn      = module.mail.identity_arn
    configuration_set = module.mail.configuration_set
  }

  size               = { cpu = local.settings.cpu, memory = local.settings.memory }
  minimum            = coalesce(each.value.minimum, local.settings.minimum)
  maximum            = coalesce(each.value.maximum, local.settings.maximum)
  spot               = each.value.spot
  database_max_conns = local.settings.database_max_conns
  log_retention_days = var.log_retention_days
  site               = each.value.site

  secret_recovery_days = var.disposable ? 0 : 30
  force_destroy        = var.disposable
}

module "observability" {
  source = "../observability"

  name                     = local.name
  cluster_name             = aws_ecs_cluster.this.name
  load_balancer_arn_suffix = module.edge.load_balancer_arn_suffix
  tenants                  = { for tenant, shop in module.shop : tenant => { services = shop.services, site = { distribution_id = shop.site.distribution_id } } }
  database_identifier      = module.database.identifier
  database_max_connections = module.database.max_connections
  emails                   = var.alarm_emails
}

module "backup" {
  source = "../backup"

  name                 = local.name
  database_arn         = module.database.arn
  database_identifier  = module.database.identifier
  subnet_group_name    = module.database.subnet_group_name
  parameter_group_name = module.database.parameter_group_name
  retention_days       = var.backup.retention_days
  cross_region         = var.backup.cross_region

  providers = {
    aws         = aws
    aws.replica = aws.replica
  }
}

module "ci" {
  source = "../ci"
  count  = var.github == null ? 0 : 1

  name                 = local.name
  repository           = var.github.repository
  environments         = var.github.environments
  create_oidc_provider = var.github.create_oidc_provider
  cluster_name         = aws_ecs_cluster.this.name
  family_prefix        = "${local.name}-"
  parameter_prefix     = "/${var.project}/${var.environment}"
  log_group_prefix     = "/${var.project}/${var.environment}/"
  repository_arns      = [for repository in module.registry.repositories : repository.arn]
  task_role_arns       = flatten([for shop in module.shop : [for service in shop.services : concat([service.task_role_arn, service.execution_role_arn], service.migration_role_arns)]])
  site_buckets         = [for shop in module.shop : shop.site.bucket]
  distribution_arns    = [for shop in module.shop : shop.site.distribution_arn]
  policy_arns          = { drill = module.backup.drill_policy_arn }
}

module "bastion" {
  source = "../bastion"

  enabled                    = var.bastion
  name                       = local.name
  vpc_id                     = module.network.vpc_id
  subnet_id                  = module.network.private_subnet_ids[0]
  database_security_group_id = module.database.security_group_id
}
