locals {
  # A name and its wildcard share one record. Known before anything exists, so that the records can be planned.
  validated = toset([for name in concat([var.domain], var.alternative_names) : trimprefix(name, "*.")])

  validation = {
    for option in aws_acm_certificate.this.domain_validation_options : trimprefix(option.domain_name, "*.") => {
      name  = option.resource_record_name
      type  = option.resource_record_type
      value = option.resource_record_value
    }...
  }
}

resource "aws_acm_certificate" "this" {
  domain_name               = var.domain
  subject_alternative_names = var.alternative_names
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = var.zone_id == "" ? [] : local.validated

  zone_id         = var.zone_id
  name            = local.validation[each.key][0].name
  type            = local.validation[each.key][0].type
  records         = [local.validation[each.key][0].value]
  ttl             = 300
  allow_overwrite = true # another environment of the same domain has the same record
}

# Waits until the certificate is issued, also when the records are entered by hand: nothing can be served before.
resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = var.zone_id == "" ? null : [for record in aws_route53_record.validation : record.fqdn]

  timeouts {
    create = "60m"
  }
}
