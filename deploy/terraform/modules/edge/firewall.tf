# The firewall keeps out what is plainly an attack and who asks too much. Its rules look at patterns, and customers write what they
# like into the shop's forms: what might hold up a customer only counts, so that the numbers show whether it could block.
locals {
  counted = [
    "SizeRestrictions_BODY",     # 8 KB; a long chat message or a mail's text is longer
    "CrossSiteScripting_BODY",   # "<3" and quoted markup in messages; pages make no HTML from text, and have a strict policy
    "CrossSiteScripting_COOKIE", # the cookies are the shop's own, signed
    "GenericLFI_BODY",           # "../" in a message
    "GenericRFI_BODY",           # an address in a message
    "EC2MetaDataSSRF_BODY",      # the services fetch no address that a customer names
    "GenericRFI_QUERYARGUMENTS", # addresses of pages are sent along with events (url=https://…)
    "EC2MetaDataSSRF_QUERYARGUMENTS",
    "NoUserAgent_HEADER", # monitors and scripts of the owner
    "UserAgent_BadBots_HEADER",
  ]
}

resource "aws_wafv2_web_acl" "this" {
  count = var.waf ? 1 : 0

  name        = var.name
  description = "In front of load balancer ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 0

    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }

    statement {
      rate_based_statement {
        limit                 = var.rate_limit
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300

        scope_down_statement {
          not_statement {
            statement {
              byte_match_statement {
                search_string         = var.webhook_path
                positional_constraint = "EXACTLY"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "common"
    priority = 1

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"

        dynamic "rule_action_override" {
          for_each = local.counted

          content {
            name = rule_action_override.value

            action_to_use {
              count {}
            }
          }
        }

        scope_down_statement {
          not_statement {
            statement {
              byte_match_statement {
                search_string         = var.webhook_path
                positional_constraint = "EXACTLY"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "common"
      sampled_requests_enabled   = true
    }
  }

  # Known holes of others' software, Log4j and the like; nothing in it looks like a form of the shop.
  rule {
    name     = "known-bad-inputs"
    priority = 2

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"

        scope_down_statement {
          not_statement {
            statement {
              byte_match_statement {
                search_string         = var.webhook_path
                positional_constraint = "EXACTLY"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "known-bad-inputs"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.waf ? 1 : 0

  resource_arn = aws_lb.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this[0].arn
}
