# A security group of its own. Who else may call it is for the one who knows all services to say (module shop); here stands what
# holds for one service alone.
resource "aws_security_group" "this" {
  name        = local.qualified
  description = "Tasks of ${local.hostname}"
  vpc_id      = var.network.vpc_id

  tags = { Name = local.qualified }

  lifecycle {
    create_before_destroy = true
  }
}

# ECR, CloudWatch, Secrets Manager, SES and Stripe have no addresses that could be named.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "AWS and Stripe"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "database" {
  count = var.has_schema ? 1 : 0

  security_group_id            = aws_security_group.this.id
  description                  = "Database"
  ip_protocol                  = "tcp"
  from_port                    = var.database.port
  to_port                      = var.database.port
  referenced_security_group_id = var.database.security_group_id
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  count = var.has_schema ? 1 : 0

  security_group_id            = var.database.security_group_id
  description                  = local.hostname
  ip_protocol                  = "tcp"
  from_port                    = var.database.port
  to_port                      = var.database.port
  referenced_security_group_id = aws_security_group.this.id
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  count = var.listener == null ? 0 : 1

  security_group_id            = aws_security_group.this.id
  description                  = "Load balancer"
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
  referenced_security_group_id = var.listener.security_group_id
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  count = var.listener == null ? 0 : 1

  security_group_id            = var.listener.security_group_id
  description                  = local.hostname
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
  referenced_security_group_id = aws_security_group.this.id
}

# Clients look the name up again when a connection ends; servers end theirs now and then.
resource "aws_service_discovery_service" "this" {
  name        = local.hostname
  description = "Tasks of ${local.hostname}"

  # No health check of Cloud Map: ECS takes a task out of the name when it stops, and clients go on to the next address at once.
  dns_config {
    namespace_id   = var.namespace.id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}

resource "aws_lb_target_group" "this" {
  count = var.listener == null ? 0 : 1

  name                          = local.target_group
  vpc_id                        = var.network.vpc_id
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = var.port
  deregistration_delay          = 15 # more than the longest request, 10 s
  load_balancing_algorithm_type = "least_outstanding_requests"

  # A new task takes traffic after about ten seconds. The path is one of liveness: a readiness check would empty the load balancer
  # when the database blinks.
  health_check {
    path                = var.listener.health_path
    matcher             = "200"
    protocol            = "HTTP"
    interval            = 5
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener_rule" "this" {
  count = var.listener == null ? 0 : 1

  listener_arn = var.listener.arn
  priority     = var.listener.priority

  condition {
    host_header {
      values = [var.listener.host]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[0].arn
  }
}
