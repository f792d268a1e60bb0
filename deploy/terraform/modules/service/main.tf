# Terraform makes the service once, without tasks; ship moves it from then on. So a plan never undoes a deploy, and an apply never
# makes one.
resource "aws_ecs_service" "this" {
  name            = local.hostname
  cluster         = var.cluster.arn
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = 0

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  availability_zone_rebalancing      = "ENABLED"
  # Checks of the load balancer and of the container count only after it; only services with a target group may have one.
  health_check_grace_period_seconds = var.listener == null ? null : 60

  enable_ecs_managed_tags = true
  propagate_tags          = "SERVICE"
  enable_execute_command  = var.execute_command
  wait_for_steady_state   = false
  # With it the provider changes spot in place; without it the whole service would be replaced.
  force_new_deployment = true

  capacity_provider_strategy {
    capacity_provider = var.spot ? "FARGATE_SPOT" : "FARGATE"
    base              = 0
    weight            = 1
  }

  deployment_controller {
    type = "ECS"
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.network.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = false
  }

  service_registries {
    registry_arn = aws_service_discovery_service.this.arn
  }

  dynamic "load_balancer" {
    for_each = aws_lb_target_group.this

    content {
      target_group_arn = load_balancer.value.arn
      container_name   = var.name
      container_port   = var.port
    }
  }

  # Every process is a client of some other; those behind gRPC are servers, too, under the name that plain DNS has for them.
  dynamic "service_connect_configuration" {
    for_each = var.service_connect ? [var.namespace.name] : []

    content {
      enabled   = true
      namespace = service_connect_configuration.value

      dynamic "service" {
        for_each = var.listener == null ? [var.port] : []

        content {
          port_name      = var.name
          discovery_name = "${local.hostname}-connect"

          client_alias {
            dns_name = "${local.hostname}.${var.namespace.name}"
            port     = service.value
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [task_definition, desired_count]
  }

  depends_on = [aws_lb_listener_rule.this, aws_iam_role_policy.task, aws_iam_role_policy.execution]
}

# Autoscaling moves the count within the bounds that ship keeps, too: ship raises it to minimum and never lowers it. A service without
# tasks has no measurements, so nothing starts before the first deploy.
resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster.name}/${aws_ecs_service.this.name}"
  min_capacity       = var.minimum
  max_capacity       = var.maximum
}

resource "aws_appautoscaling_policy" "this" {
  for_each = {
    cpu    = { metric = "ECSServiceAverageCPUUtilization", target = 70 }
    memory = { metric = "ECSServiceAverageMemoryUtilization", target = 80 }
  }

  name               = each.key
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.target
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
    }
  }
}
