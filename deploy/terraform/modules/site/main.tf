data "aws_caller_identity" "current" {}

locals {
  # Both files are generated from the table of addresses and headers of gateway/site (scripts/generate).
  function = file("${path.module}/function.js")
  headers = jsondecode(templatefile("${path.module}/headers.json.tftpl", {
    api_origin  = var.api_origin
    site_origin = "https://${var.host}"
  }))

  # Headers that CloudFront has a form for; it refuses them among the others.
  security = ["Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options"]
  others   = { for name, value in local.headers : name => value if !contains(local.security, name) }

  plain  = lower(replace(var.name, "_", "-"))
  whole  = "${local.plain}-site-${data.aws_caller_identity.current.account_id}"
  bucket = length(local.whole) <= 63 ? local.whole : "${trim(substr(local.plain, 0, 36), "-")}-${substr(sha1(var.name), 0, 8)}-site-${data.aws_caller_identity.current.account_id}"
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = var.name
  description                       = "Pages of ${var.host}"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_function" "this" {
  name    = "${replace(var.name, "_", "-")}-addresses"
  comment = "Which object an address shows"
  runtime = "cloudfront-js-2.0"
  code    = local.function
  publish = true
}

# How long something may be kept is said by each object's own Cache-Control: pages are asked for again every time, what has its
# version in its address is kept for a year.
resource "aws_cloudfront_cache_policy" "this" {
  name        = "${var.name}-pages"
  comment     = "By the objects' own Cache-Control"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name    = "${var.name}-pages"
  comment = "The same as the laptop's"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.headers["Content-Security-Policy"]
      override                = true
    }

    content_type_options { # nosniff, the only one there is
      override = true
    }

    frame_options {
      frame_option = local.headers["X-Frame-Options"]
      override     = true
    }

    referrer_policy {
      referrer_policy = local.headers["Referrer-Policy"]
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = tonumber(regex("^max-age=([0-9]+)$", local.headers["Strict-Transport-Security"])[0])
      override                   = true
    }
  }

  custom_headers_config {
    dynamic "items" {
      for_each = local.others

      content {
        header   = items.key
        value    = items.value
        override = true
      }
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  enabled             = true
  comment             = "Pages of ${var.host}"
  aliases             = [var.host]
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  price_class         = "PriceClass_100"
  wait_for_deployment = false

  origin {
    origin_id                = "bucket"
    domain_name              = aws_s3_bucket.this.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  default_cache_behavior {
    target_origin_id           = "bucket"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.this.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.this.arn
    }
  }

  # A bucket that may not be listed answers 403 for what it does not have.
  dynamic "custom_error_response" {
    for_each = toset([403, 404])

    content {
      error_code            = custom_error_response.value
      response_code         = 404
      response_page_path    = "/not-found"
      error_caching_min_ttl = 10 # an address that was asked for too early is there soon after a deploy
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}

resource "aws_route53_record" "this" {
  for_each = toset(var.zone_id == "" ? [] : ["A", "AAAA"])

  zone_id = var.zone_id
  name    = var.host
  type    = each.key

  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false
  }
}
