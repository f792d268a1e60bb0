module "site" {
  source = "../site"

  name            = "${var.project}-${var.environment}-${var.tenant}"
  host            = var.site_host
  api_origin      = local.api_origin
  certificate_arn = var.certificate_arn
  zone_id         = var.zone_id
  force_destroy   = var.force_destroy
}

resource "aws_route53_record" "api" {
  count = var.zone_id == "" ? 0 : 1

  zone_id = var.zone_id
  name    = var.api_host
  type    = "A"

  alias {
    name                   = var.load_balancer_dns_name
    zone_id                = var.load_balancer_hosted_zone_id
    evaluate_target_health = false
  }
}

# What ship knows of the shop: the JSON of deploy/ship/shop.Shop, whose field names are fixed there. tests/document.json is read by
# both sides' tests.
resource "aws_ssm_parameter" "document" {
  name        = "/${var.project}/${var.environment}/${var.tenant}/shop"
  description = "What ship knows of this shop; written by Terraform"
  type        = "String"
  tier        = "Intelligent-Tiering" # a standard one takes 4096 bytes, which long names exceed
  value       = local.document
}

locals {
  document = jsonencode({
    version          = 1
    region           = data.aws_region.current.name
    cluster          = var.cluster_name
    subnets          = var.private_subnet_ids
    assign_public_ip = false
    api_origin       = local.api_origin
    site_origin      = local.site_origin
    load_balancer    = var.load_balancer_dns_name
    services = {
      for name, service in module.service : name => {
        service            = service.service_name
        family             = service.family
        template           = service.template
        migration_template = service.migration_template
        repository         = var.repositories[name].name
        security_group     = service.security_group_id
        secret             = module.secrets.secrets[name].name
        log_group          = service.log_group
        target_group       = service.target_group_arn == null ? "" : service.target_group_arn
        minimum            = var.minimum
      }
    }
    site = {
      bucket       = module.site.bucket
      distribution = module.site.distribution_id
      shop_name    = var.site.shop_name
      phone        = var.site.phone
      phone_target = var.site.phone_target
      email        = var.site.email
    }
    database = {
      instance = var.database.identifier
      name     = var.tenant
      host     = var.database.host
      port     = var.database.port
    }
  })
}
