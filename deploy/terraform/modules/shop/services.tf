# The five services: who keeps data, who calls whom, and what each is told. Everything else of a service is module service.
locals {
  services = {
    user        = { port = 9090, has_schema = true, calls = [] }
    payment     = { port = 9090, has_schema = true, calls = [] }
    order       = { port = 9090, has_schema = true, calls = ["payment", "user"] }
    clientevent = { port = 9090, has_schema = true, calls = [] }
    gateway     = { port = 8000, has_schema = false, calls = ["clientevent", "order", "payment", "user"] }
  }

  api_origin  = "https://${var.api_host}"
  site_origin = "https://${var.site_host}"
  address     = { for name in keys(local.services) : name => "dns:///${var.tenant}-${name}.${var.namespace_name}:9090" }

  common = {
    LOG_LEVEL     = var.log_level
    DRAIN_TIMEOUT = "20s"
  }
  serves_grpc = {
    GRPC_ADDR          = "0.0.0.0:9090"
    DATABASE_MAX_CONNS = tostring(var.database_max_conns)
    DRAIN_DELAY        = "15s" # ECS takes it out of the name and ends it at once: clients know the name for 10 s
  }

  # Plain variables. The secret ones stand in the service's secret, which ship fills; `SERVICE --help` lists all of both.
  variables = {
    user = merge(local.common, local.serves_grpc, {
      SITE_ORIGIN    = local.site_origin
      MAIL_TRANSPORT = "ses://${data.aws_region.current.name}"
      MAIL_FROM      = var.mail.from
      OPERATOR_EMAIL = var.mail.operator_email
    })
    payment = merge(local.common, local.serves_grpc)
    order = merge(local.common, local.serves_grpc, {
      SITE_ORIGIN  = local.site_origin
      PAYMENT_ADDR = local.address.payment
      USER_ADDR    = local.address.user
    })
    clientevent = merge(local.common, local.serves_grpc)
    gateway = merge(local.common, {
      API_ADDR           = "0.0.0.0:8000"
      SITE_ORIGIN        = local.site_origin
      ALLOWED_ORIGINS    = local.site_origin
      ALLOWED_HOSTS      = var.api_host
      COOKIE_DOMAIN      = var.cookie_domain
      COOKIE_SECURE      = "true"
      HTTPS_REDIRECT     = "true"
      TRUSTED_PROXY_HOPS = "1" # the load balancer
      DRAIN_DELAY        = "5s"
      USER_ADDR          = local.address.user
      ORDER_ADDR         = local.address.order
      PAYMENT_ADDR       = local.address.payment
      CLIENTEVENT_ADDR   = local.address.clientevent
    })
  }

  # Besides reading its own secret, only user may do anything: send mail, as somebody of the shop's domain (each template of a mail
  # may name a sender of its own).
  mail_domain = regex("@([^@>\\s]+)>?\\s*$", var.mail.from)[0]
  statements = {
    user = [{
      Sid    = "SendMail"
      Effect = "Allow"
      Action = ["ses:SendEmail", "ses:SendRawEmail"]
      Resource = compact([
        var.mail.identity_arn,
        var.mail.configuration_set == null ? "" : "arn:${data.aws_partition.current.partition}:ses:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:configuration-set/${var.mail.configuration_set}",
      ])
      Condition = { StringLike = { "ses:FromAddress" = ["*@${local.mail_domain}"] } }
    }]
  }
}

data "aws_region" "current" {}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

module "secrets" {
  source = "../secrets"

  names                   = { for name in keys(local.services) : name => "${var.project}/${var.environment}/${var.tenant}/${name}" }
  recovery_window_in_days = var.secret_recovery_days
}

module "service" {
  source   = "../service"
  for_each = local.services

  project     = var.project
  environment = var.environment
  tenant      = var.tenant
  name        = each.key
  account = {
    id        = data.aws_caller_identity.current.account_id
    partition = data.aws_partition.current.partition
    region    = data.aws_region.current.name
  }

  network    = { vpc_id = var.vpc_id, subnet_ids = var.private_subnet_ids }
  cluster    = { arn = var.cluster_arn, name = var.cluster_name }
  namespace  = { id = var.namespace_id, name = var.namespace_name }
  repository = var.repositories[each.key]
  database   = var.database

  port       = each.value.port
  has_schema = each.value.has_schema
  variables  = local.variables[each.key]
  secret     = module.secrets.secrets[each.key]
  statements = lookup(local.statements, each.key, [])
  listener = each.key != "gateway" ? null : {
    arn               = var.https_listener_arn
    priority          = var.listener_priority
    host              = var.api_host
    health_path       = "/livez"
    security_group_id = var.load_balancer_security_group_id
  }

  size               = var.size
  minimum            = var.minimum
  maximum            = var.maximum
  spot               = contains(var.spot, each.key)
  log_retention_days = var.log_retention_days
  service_connect    = var.service_connect
}
