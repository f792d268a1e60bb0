# The pages: nobody reads the bucket but the distribution, and everybody gets the headers of gateway/site.
mock_provider "aws" {
  source = "../../tests/mocks"
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_resource {
  target = aws_s3_bucket.this
  values = { arn = "arn:aws:s3:::bucket", id = "bucket", bucket_regional_domain_name = "bucket.s3.us-east-1.amazonaws.com" }
}

override_resource {
  target = aws_cloudfront_distribution.this
  values = { arn = "arn:aws:cloudfront::123456789012:distribution/E1", domain_name = "d1.cloudfront.net", hosted_zone_id = "Z2FDTNDATAQYW2" }
}

variables {
  name            = "startupwebapp-production-main"
  host            = "www.shop.example"
  api_origin      = "https://api.shop.example"
  certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
}

run "bucket" {
  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "The bucket can be made public."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256" && aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket is not encrypted, or forgets what it had."
  }

  assert {
    condition = toset([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : "${statement.Sid}: ${statement.Effect} ${jsonencode(statement.Principal)} ${jsonencode(statement.Resource)} ${jsonencode(try(statement.Condition, {}))}"]) == toset([
      "PagesForTheDistribution: Allow {\"Service\":\"cloudfront.amazonaws.com\"} \"arn:aws:s3:::bucket/*\" {\"StringEquals\":{\"AWS:SourceArn\":\"arn:aws:cloudfront::123456789012:distribution/E1\"}}",
      "NotWhatShipKeeps: Deny {\"Service\":\"cloudfront.amazonaws.com\"} \"arn:aws:s3:::bucket/.ship/*\" {}",
      "OnlyEncrypted: Deny \"*\" [\"arn:aws:s3:::bucket\",\"arn:aws:s3:::bucket/*\"] {\"Bool\":{\"aws:SecureTransport\":\"false\"}}",
    ])
    error_message = "Somebody else reads the bucket: ${aws_s3_bucket_policy.this.policy}"
  }

  assert {
    condition     = aws_s3_bucket.this.bucket == "startupwebapp-production-main-site-123456789012"
    error_message = "The bucket's name is not the account's own."
  }
}

run "distribution" {
  assert {
    condition     = aws_cloudfront_origin_access_control.this.signing_behavior == "always" && aws_cloudfront_origin_access_control.this.signing_protocol == "sigv4" && one(aws_cloudfront_distribution.this.origin).origin_access_control_id == aws_cloudfront_origin_access_control.this.id
    error_message = "The distribution does not sign what it asks of the bucket."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021" && aws_cloudfront_distribution.this.viewer_certificate[0].ssl_support_method == "sni-only" && aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && aws_cloudfront_distribution.this.http_version == "http2and3" && aws_cloudfront_distribution.this.price_class == "PriceClass_100" && aws_cloudfront_distribution.this.default_cache_behavior[0].compress
    error_message = "Plain http or old TLS is spoken, or pages are not compressed."
  }

  assert {
    condition     = toset([for answer in aws_cloudfront_distribution.this.custom_error_response : "${answer.error_code} ${answer.response_code} ${answer.response_page_path}"]) == toset(["403 404 /not-found", "404 404 /not-found"])
    error_message = "An address of nothing is not the page of not found, with 404."
  }

  assert {
    condition     = aws_cloudfront_cache_policy.this.min_ttl == 0 && aws_cloudfront_cache_policy.this.default_ttl == 0 && aws_cloudfront_cache_policy.this.max_ttl == 31536000 && aws_cloudfront_cache_policy.this.parameters_in_cache_key_and_forwarded_to_origin[0].query_strings_config[0].query_string_behavior == "none"
    error_message = "Pages are kept against their Cache-Control."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior[0].function_association).event_type == "viewer-request" && aws_cloudfront_function.this.publish && aws_cloudfront_function.this.runtime == "cloudfront-js-2.0" && strcontains(aws_cloudfront_function.this.code, "\"/account/\": \"/account\"")
    error_message = "Addresses show other objects than on a laptop."
  }
}

run "headers" {
  assert {
    condition     = strcontains(aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_security_policy[0].content_security_policy, "connect-src https://api.shop.example;") && strcontains(aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_security_policy[0].content_security_policy, "frame-ancestors 'none'") && !strcontains(aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_security_policy[0].content_security_policy, "$")
    error_message = "The pages' policy lets scripts speak to somebody else."
  }

  assert {
    condition     = aws_cloudfront_response_headers_policy.this.security_headers_config[0].frame_options[0].frame_option == "DENY" && aws_cloudfront_response_headers_policy.this.security_headers_config[0].referrer_policy[0].referrer_policy == "same-origin" && aws_cloudfront_response_headers_policy.this.security_headers_config[0].strict_transport_security[0].access_control_max_age_sec == 31536000 && length(aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_type_options) == 1
    error_message = "A security header is missing."
  }

  # Every header of gateway/site is in one of the two groups.
  assert {
    condition     = toset([for item in aws_cloudfront_response_headers_policy.this.custom_headers_config[0].items : item.header]) == setsubtract(keys(local.headers), local.security) && length(setintersection(keys(local.headers), local.security)) == 5 && local.headers["X-Content-Type-Options"] == "nosniff"
    error_message = "A header of the site is not sent."
  }
}

run "names" {
  command = plan

  variables {
    name    = "startupwebapp-production-two-a_very_long_tenant_na"
    zone_id = "Z1"
  }

  assert {
    condition     = length(aws_s3_bucket.this.bucket) <= 63 && can(regex("^[a-z0-9-]+$", aws_s3_bucket.this.bucket)) && length(aws_cloudfront_function.this.name) <= 64
    error_message = "A long name is no name of a bucket."
  }

  assert {
    condition     = toset(keys(aws_route53_record.this)) == toset(["A", "AAAA"]) && alltrue([for record in aws_route53_record.this : record.name == "www.shop.example"])
    error_message = "The host does not lead to the distribution."
  }
}

run "origin_with_more" {
  command = plan

  variables {
    api_origin = "https://api.shop.example; script-src *"
  }

  expect_failures = [var.api_origin]
}
