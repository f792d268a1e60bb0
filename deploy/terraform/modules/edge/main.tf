resource "aws_security_group" "this" {
  name        = "${var.name}-load-balancer"
  description = "Load balancer ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-load-balancer" }
}

# The ways out are rules of the services that are led to; there is none to anywhere else.
resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = { http = 80, https = 443 }

  security_group_id = aws_security_group.this.id
  description       = each.key
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  internal           = false
  subnets            = var.public_subnet_ids
  security_groups    = [aws_security_group.this.id]

  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  enable_deletion_protection = var.deletion_protection
  # Less than the gateway keeps idle connections, or a request could meet one that is just being closed.
  idle_timeout = 60

  dynamic "access_logs" {
    for_each = aws_s3_bucket_policy.access_logs # after the policy: the load balancer tries whether it may write

    content {
      bucket  = access_logs.value.bucket
      enabled = true
    }
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn

  # Host names that are no shop's. Each shop has a rule of its own.
  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "There is no shop at this address."
      status_code  = "404"
    }
  }
}
