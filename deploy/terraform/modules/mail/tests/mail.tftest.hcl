# Mail that receivers believe, and whose bounces somebody hears of.
mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "startupwebapp-test"
  domain  = "example.com"
  zone_id = "Z1"
  emails  = ["operator@example.com"]
}

run "signed_and_watched" {
  assert {
    condition     = length([for key, record in aws_route53_record.this : key if startswith(key, "dkim-") && record.type == "CNAME"]) == 3
    error_message = "expected three DKIM records"
  }
  assert {
    condition     = aws_route53_record.this["spf"].name == "bounce.example.com" && one(aws_route53_record.this["spf"].records) == "v=spf1 include:amazonses.com -all"
    error_message = "the MAIL FROM domain has no SPF record"
  }
  assert {
    condition     = aws_route53_record.this["dmarc"].name == "_dmarc.example.com" && strcontains(one(aws_route53_record.this["dmarc"].records), "p=quarantine")
    error_message = "expected a DMARC record that quarantines"
  }
  assert {
    condition     = aws_sesv2_email_identity_mail_from_attributes.this.mail_from_domain == "bounce.example.com"
    error_message = "bounces return to Amazon's domain: SPF does not align"
  }
  assert {
    condition     = aws_sesv2_email_identity.this.configuration_set_name == aws_sesv2_configuration_set.this.configuration_set_name
    error_message = "the configuration set is not the identity's default: bounces are lost"
  }
  assert {
    condition     = alltrue([for kind in ["BOUNCE", "COMPLAINT"] : contains(aws_sesv2_configuration_set_event_destination.feedback.event_destination[0].matching_event_types, kind)])
    error_message = "bounces or complaints reach nobody"
  }
  assert {
    condition     = jsondecode(aws_sns_topic_policy.feedback.policy).Statement[0].Condition.StringEquals["AWS:SourceAccount"] == "123456789012"
    error_message = "anybody's SES may publish to the topic"
  }
  assert {
    condition     = aws_sesv2_configuration_set.this.delivery_options[0].tls_policy == "REQUIRE"
    error_message = "mail may leave unencrypted"
  }
}

run "by_hand" {
  variables {
    zone_id = ""
  }
  assert {
    condition     = length(aws_route53_record.this) == 0 && length(output.dns_records) == 6
    error_message = "expected six records to type and none made"
  }
}

run "refuses_an_unknown_policy" {
  command = plan
  variables {
    dmarc_policy = "ignore"
  }
  expect_failures = [var.dmarc_policy]
}
