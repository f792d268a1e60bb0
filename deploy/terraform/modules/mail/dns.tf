# The records that prove the domain. Made in the zone, or listed to be typed where DNS is kept by hand.

locals {
  mail_from = "${var.mail_from_subdomain}.${var.domain}"
  tokens    = aws_sesv2_email_identity.this.dkim_signing_attributes[0].tokens
  reports   = var.dmarc_reports_to == "" ? "" : "; rua=mailto:${var.dmarc_reports_to}"

  # Keys are known before SES has answered: for_each needs them at plan time.
  records = merge(
    { for index in range(3) : "dkim-${index}" => {
      name  = "${local.tokens[index]}._domainkey.${var.domain}"
      type  = "CNAME"
      value = "${local.tokens[index]}.dkim.amazonses.com"
    } },
    {
      mail-from = { name = local.mail_from, type = "MX", value = "10 feedback-smtp.${data.aws_region.current.name}.amazonses.com" }
      spf       = { name = local.mail_from, type = "TXT", value = "v=spf1 include:amazonses.com -all" }
      dmarc     = { name = "_dmarc.${var.domain}", type = "TXT", value = "v=DMARC1; p=${var.dmarc_policy}${local.reports}" }
    },
  )
}

resource "aws_route53_record" "this" {
  for_each = toset(var.zone_id == "" ? [] : ["dkim-0", "dkim-1", "dkim-2", "mail-from", "spf", "dmarc"])

  zone_id = var.zone_id
  name    = local.records[each.key].name
  type    = local.records[each.key].type
  ttl     = 600
  records = [local.records[each.key].value]
}
