# What stands between the internet and the shops.
mock_provider "aws" {
  source = "../../tests/mocks"
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

# A name and its wildcard are validated by one record.
override_resource {
  target = aws_acm_certificate.this
  values = {
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    domain_validation_options = [
      { domain_name = "*.shop.example", resource_record_name = "_1.shop.example.", resource_record_type = "CNAME", resource_record_value = "_2.acm-validations.aws." },
      { domain_name = "shop.example", resource_record_name = "_1.shop.example.", resource_record_type = "CNAME", resource_record_value = "_2.acm-validations.aws." },
    ]
  }
}

variables {
  name              = "shop-production"
  vpc_id            = "vpc-1"
  public_subnet_ids = ["subnet-1", "subnet-2"]
  domain            = "*.shop.example"
  alternative_names = ["shop.example"]
}

run "minimum" {
  assert {
    condition     = aws_lb.this.drop_invalid_header_fields && aws_lb.this.enable_deletion_protection && aws_lb.this.idle_timeout < 120 && aws_lb.this.desync_mitigation_mode == "defensive" && !aws_lb.this.internal && length(aws_lb.this.access_logs) == 0
    error_message = "The load balancer lets broken headers through, can be deleted by mistake, or keeps connections longer than the gateway."
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].status_code == "HTTP_301" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS" && aws_lb_listener.http.default_action[0].redirect[0].port == "443"
    error_message = "Plain http is answered."
  }

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && aws_lb_listener.https.ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06" && aws_lb_listener.https.default_action[0].type == "fixed-response" && aws_lb_listener.https.default_action[0].fixed_response[0].status_code == "404"
    error_message = "Old TLS is spoken, or unknown hosts are answered."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.this : rule.from_port]) == toset([80, 443]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.this : rule.from_port == rule.to_port && rule.ip_protocol == "tcp"])
    error_message = "More than http and https is open."
  }

  assert {
    condition     = aws_acm_certificate.this.validation_method == "DNS" && aws_acm_certificate.this.subject_alternative_names == toset(["shop.example"]) && length(aws_route53_record.validation) == 0
    error_message = "The certificate is of other names."
  }

  assert {
    condition     = length(aws_wafv2_web_acl.this) == 0 && length(aws_s3_bucket.access_logs) == 0
    error_message = "What costs is there unasked."
  }
}

run "zone" {
  command = plan

  variables {
    zone_id = "Z1"
  }

  assert {
    condition     = toset(keys(aws_route53_record.validation)) == toset(["shop.example"])
    error_message = "The certificate's record is missing, or made twice."
  }

  assert {
    condition     = aws_route53_record.validation["shop.example"].name == "_1.shop.example." && output.validation_records == [{ name = "_1.shop.example.", type = "CNAME", value = "_2.acm-validations.aws." }]
    error_message = "The record does not prove the certificate's names."
  }
}

run "high_availability" {
  variables {
    waf         = true
    rate_limit  = 500
    access_logs = true
  }

  assert {
    condition     = [for rule in aws_wafv2_web_acl.this[0].rule : rule.statement[0].rate_based_statement[0].limit if rule.name == "rate"] == [500] && aws_wafv2_web_acl_association.this[0].resource_arn == aws_lb.this.arn
    error_message = "Nothing holds up who asks too much."
  }

  assert {
    condition = alltrue([
      for rule in aws_wafv2_web_acl.this[0].rule : (
        rule.name == "rate" ? rule.statement[0].rate_based_statement[0].scope_down_statement : rule.statement[0].managed_rule_group_statement[0].scope_down_statement
      )[0].not_statement[0].statement[0].byte_match_statement[0].search_string == "/order/stripe-webhook"
    ])
    error_message = "Stripe's webhooks can be held up."
  }

  assert {
    condition = length(setsubtract(["SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericRFI_BODY", "GenericLFI_BODY"], flatten([
      for rule in aws_wafv2_web_acl.this[0].rule : [for override in rule.statement[0].managed_rule_group_statement[0].rule_action_override : override.name if length(override.action_to_use[0].count) == 1] if rule.name == "common"
    ]))) == 0
    error_message = "A rule that customers' texts can trip blocks."
  }

  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_s3_bucket_public_access_block.access_logs[0].block_public_policy && aws_s3_bucket_lifecycle_configuration.access_logs[0].rule[0].expiration[0].days == 90
    error_message = "Access logs are open, or kept for ever."
  }
}

run "name_too_long" {
  command = plan

  variables {
    name = "startupwebapp-production-and-more"
  }

  expect_failures = [var.name]
}
