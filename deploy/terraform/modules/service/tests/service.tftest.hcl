# What every service of a shop must be: started with nothing it does not need, replaced without anybody noticing.
mock_provider "aws" {
  source = "../../tests/mocks"
}

override_resource {
  target = aws_security_group.this
  values = { id = "sg-own" }
}

override_resource {
  target = aws_cloudwatch_log_group.this
  values = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/startupwebapp/production/main/user" }
}

override_resource {
  target = aws_iam_role.task
  values = { arn = "arn:aws:iam::123456789012:role/task" }
}

override_resource {
  target = aws_iam_role.execution
  values = { arn = "arn:aws:iam::123456789012:role/execution" }
}

override_resource {
  target = aws_iam_role.migration_task
  values = { arn = "arn:aws:iam::123456789012:role/migration-task" }
}

override_resource {
  target = aws_iam_role.migration_execution
  values = { arn = "arn:aws:iam::123456789012:role/migration-execution" }
}

variables {
  project     = "startupwebapp"
  environment = "production"
  tenant      = "main"
  name        = "user"
  account     = { id = "123456789012", partition = "aws", region = "us-east-1" }
  network     = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"] }
  cluster     = { arn = "arn:aws:ecs:us-east-1:123456789012:cluster/shop", name = "shop" }
  namespace   = { id = "ns-1", name = "production.startupwebapp.internal" }
  repository  = { arn = "arn:aws:ecr:us-east-1:123456789012:repository/user", url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/user" }
  port        = 9090
  variables   = { GRPC_ADDR = "0.0.0.0:9090" }
  secret      = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:user", name = "startupwebapp/production/main/user" }
  has_schema  = true
  database = {
    host              = "db.example"
    port              = 5432
    master_username   = "postgres"
    master_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:master"
    security_group_id = "sg-database"
  }
}

run "container" {
  assert {
    condition = alltrue([
      for definitions in [aws_ecs_task_definition.this.container_definitions, aws_ecs_task_definition.migration[0].container_definitions] : (
        jsondecode(definitions)[0].user == "65532:65532" &&
        jsondecode(definitions)[0].readonlyRootFilesystem == true &&
        jsonencode(jsondecode(definitions)[0].linuxParameters.capabilities) == jsonencode({ add = [], drop = ["ALL"] }) &&
        !can(jsondecode(definitions)[0].privileged) &&
        jsondecode(definitions)[0].stopTimeout == 45 &&
        jsondecode(definitions)[0].memory == 512 &&
        jsondecode(definitions)[0].essential == true &&
        jsondecode(definitions)[0].image == "123456789012.dkr.ecr.us-east-1.amazonaws.com/user:none" &&
        jsondecode(definitions)[0].logConfiguration.logDriver == "awslogs" &&
        jsondecode(definitions)[0].logConfiguration.options.mode == "non-blocking" &&
        jsondecode(definitions)[0].logConfiguration.options["max-buffer-size"] == "4m" &&
        jsondecode(definitions)[0].logConfiguration.options["awslogs-group"] == "/startupwebapp/production/main/user"
      )
    ])
    error_message = "A container may do more than it needs, or its log may hold it up."
  }

  assert {
    condition     = join(" ", jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck.command) == "CMD /service healthcheck" && !can(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets) && !can(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].command)
    error_message = "The serving task has no health check, or is handed a secret."
  }

  assert {
    condition     = contains([for variable in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : "${variable.name}=${variable.value}"], "AWS_SECRET_ID=startupwebapp/production/main/user")
    error_message = "The process does not know its secret."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.migration[0].container_definitions)[0].command[0] == "migrate" && jsonencode(jsondecode(aws_ecs_task_definition.migration[0].container_definitions)[0].secrets) == jsonencode([{ name = "PGPASSWORD", valueFrom = "arn:aws:secretsmanager:us-east-1:123456789012:secret:master:password::" }])
    error_message = "The migration is no migration, or gets the master user's password elsewhere."
  }

  assert {
    condition     = contains([for variable in jsondecode(aws_ecs_task_definition.migration[0].container_definitions)[0].environment : "${variable.name}=${variable.value}"], "ADMIN_DATABASE_URL=postgres://postgres@db.example:5432/postgres?sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem")
    error_message = "The migration does not know the instance, or does not check who it is."
  }

  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.this, aws_ecs_task_definition.migration[0]] :
      task.network_mode == "awsvpc" && task.runtime_platform[0].cpu_architecture == "ARM64" && task.runtime_platform[0].operating_system_family == "LINUX" && task.requires_compatibilities == toset(["FARGATE"]) && tonumber(task.cpu) == 256 && tonumber(task.memory) == 512
    ])
    error_message = "A task is not of the cheapest kind."
  }

  assert {
    condition     = aws_ecs_task_definition.this.family == "startupwebapp-production-main-user-template" && aws_ecs_task_definition.migration[0].family == "startupwebapp-production-main-user-migration-template" && output.family == "startupwebapp-production-main-user"
    error_message = "ship looks for the templates under other names."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "Log lines are kept for ever."
  }
}

run "roles" {
  assert {
    condition = jsondecode(aws_iam_role_policy.task.policy).Statement == [
      { Sid = "OwnSecret", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:user"] }
    ]
    error_message = "The process may do more than read its own secret: ${aws_iam_role_policy.task.policy}"
  }

  assert {
    condition     = aws_iam_role_policy.migration_task[0].policy == aws_iam_role_policy.task.policy
    error_message = "The migration may do more than read its own secret."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.execution.policy).Statement == [
      { Sid = "Login", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
      { Sid = "PullOwnImage", Effect = "Allow", Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource = ["arn:aws:ecr:us-east-1:123456789012:repository/user"] },
      { Sid = "WriteOwnLog", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["arn:aws:logs:us-east-1:123456789012:log-group:/startupwebapp/production/main/user:*"] },
    ]
    error_message = "Starting a task takes more than its image and log: ${aws_iam_role_policy.execution.policy}"
  }

  assert {
    condition = slice(jsondecode(aws_iam_role_policy.migration_execution[0].policy).Statement, 3, 4) == [
      { Sid = "MasterSecret", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:master"] }
    ] && length(jsondecode(aws_iam_role_policy.migration_execution[0].policy).Statement) == 4
    error_message = "Starting a migration takes more than that and the master user's secret."
  }

  assert {
    condition = alltrue([
      for role in [aws_iam_role.task, aws_iam_role.execution, aws_iam_role.migration_task[0], aws_iam_role.migration_execution[0]] :
      jsondecode(role.assume_role_policy).Statement[0].Principal == { Service = "ecs-tasks.amazonaws.com" } &&
      jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012" &&
      jsondecode(role.assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == "arn:aws:ecs:us-east-1:123456789012:*" &&
      length(jsondecode(role.assume_role_policy).Statement) == 1
    ])
    error_message = "Somebody besides ECS of this account may take a role."
  }

  assert {
    condition = (
      aws_ecs_task_definition.this.task_role_arn == "arn:aws:iam::123456789012:role/task" &&
      aws_ecs_task_definition.this.execution_role_arn == "arn:aws:iam::123456789012:role/execution" &&
      aws_ecs_task_definition.migration[0].task_role_arn == "arn:aws:iam::123456789012:role/migration-task" &&
      aws_ecs_task_definition.migration[0].execution_role_arn == "arn:aws:iam::123456789012:role/migration-execution"
    )
    error_message = "A task has another's role."
  }
}

run "rollout" {
  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback
    error_message = "A revision that does not come up is not taken back."
  }

  assert {
    condition     = aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && aws_ecs_service.this.deployment_maximum_percent == 200 && aws_ecs_service.this.deployment_controller[0].type == "ECS"
    error_message = "Tasks are stopped before new ones are there."
  }

  assert {
    condition     = aws_ecs_service.this.availability_zone_rebalancing == "ENABLED" && length(aws_ecs_service.this.network_configuration[0].subnets) == 2 && !aws_ecs_service.this.network_configuration[0].assign_public_ip && aws_ecs_service.this.network_configuration[0].security_groups == toset(["sg-own"])
    error_message = "Tasks are not spread over zones, or can be reached from outside."
  }

  assert {
    condition     = aws_ecs_service.this.enable_ecs_managed_tags && aws_ecs_service.this.propagate_tags == "SERVICE" && !aws_ecs_service.this.enable_execute_command && aws_ecs_service.this.desired_count == 0
    error_message = "The service starts before it is deployed, its tasks have no tags, or people may go into them."
  }

  assert {
    condition     = [for strategy in aws_ecs_service.this.capacity_provider_strategy : "${strategy.capacity_provider} ${strategy.weight}"] == ["FARGATE 1"] && aws_ecs_service.this.force_new_deployment
    error_message = "Tasks are on spot unasked, or changing that would replace the service."
  }

  assert {
    condition     = aws_appautoscaling_target.this.min_capacity == 1 && aws_appautoscaling_target.this.max_capacity == 4 && aws_appautoscaling_target.this.resource_id == "service/shop/main-user"
    error_message = "Autoscaling is not from 1 to 4."
  }

  assert {
    condition = { for name, policy in aws_appautoscaling_policy.this : name => join(" ", [
      policy.target_tracking_scaling_policy_configuration[0].predefined_metric_specification[0].predefined_metric_type,
      policy.target_tracking_scaling_policy_configuration[0].target_value,
      policy.target_tracking_scaling_policy_configuration[0].scale_out_cooldown,
      policy.target_tracking_scaling_policy_configuration[0].scale_in_cooldown,
      ]) } == {
      cpu    = "ECSServiceAverageCPUUtilization 70 60 300"
      memory = "ECSServiceAverageMemoryUtilization 80 60 300"
    }
    error_message = "Autoscaling does not follow CPU 70 % and memory 80 %."
  }

  assert {
    condition     = aws_service_discovery_service.this.name == "main-user" && aws_service_discovery_service.this.dns_config[0].dns_records[0].type == "A" && aws_service_discovery_service.this.dns_config[0].dns_records[0].ttl == 10 && length(aws_service_discovery_service.this.health_check_custom_config) == 0
    error_message = "The service has no name that follows its tasks."
  }
}

run "ways" {
  assert {
    condition     = aws_vpc_security_group_ingress_rule.database[0].security_group_id == "sg-database" && aws_vpc_security_group_ingress_rule.database[0].referenced_security_group_id == "sg-own" && aws_vpc_security_group_ingress_rule.database[0].from_port == 5432 && aws_vpc_security_group_ingress_rule.database[0].to_port == 5432
    error_message = "The database does not let the service in, or more than it."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.database[0].referenced_security_group_id == "sg-database" && aws_vpc_security_group_egress_rule.database[0].from_port == 5432 && aws_vpc_security_group_egress_rule.https.from_port == 443 && aws_vpc_security_group_egress_rule.https.to_port == 443
    error_message = "The service may go elsewhere than to the database and to https."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.load_balancer) == 0 && length(aws_lb_target_group.this) == 0 && length(aws_lb_listener_rule.this) == 0 && length(aws_ecs_service.this.load_balancer) == 0 && length(aws_ecs_service.this.service_connect_configuration) == 0
    error_message = "The load balancer leads to a service that only others call."
  }
}

run "gateway" {
  variables {
    name       = "gateway"
    port       = 8000
    has_schema = false
    minimum    = 2
    spot       = true
    listener = {
      arn               = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/lb/0123456789abcdef/0123456789abcdef"
      priority          = 7
      host              = "api.shop.example"
      health_path       = "/livez"
      security_group_id = "sg-balancer"
    }
  }

  assert {
    condition     = aws_lb_target_group.this[0].target_type == "ip" && aws_lb_target_group.this[0].port == 8000 && tonumber(aws_lb_target_group.this[0].deregistration_delay) == 15 && aws_lb_target_group.this[0].load_balancing_algorithm_type == "least_outstanding_requests"
    error_message = "The target group drains too long, or piles requests on one task."
  }

  assert {
    condition     = aws_lb_target_group.this[0].health_check[0].path == "/livez" && aws_lb_target_group.this[0].health_check[0].matcher == "200" && aws_lb_target_group.this[0].health_check[0].interval * aws_lb_target_group.this[0].health_check[0].healthy_threshold <= 10 && aws_lb_target_group.this[0].health_check[0].timeout < aws_lb_target_group.this[0].health_check[0].interval
    error_message = "A new task waits for traffic, or an outage behind it takes it away."
  }

  assert {
    condition     = aws_lb_listener_rule.this[0].priority == 7 && one(aws_lb_listener_rule.this[0].condition).host_header[0].values == toset(["api.shop.example"]) && aws_lb_listener_rule.this[0].action[0].type == "forward"
    error_message = "The shop's host name does not lead to the gateway alone."
  }

  assert {
    condition     = one(aws_ecs_service.this.load_balancer).container_port == 8000 && one(aws_ecs_service.this.load_balancer).container_name == "gateway" && aws_ecs_service.this.health_check_grace_period_seconds == 60
    error_message = "The load balancer does not know the tasks, or gives them no time to start."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.load_balancer[0].referenced_security_group_id == "sg-balancer" && aws_vpc_security_group_ingress_rule.load_balancer[0].from_port == 8000 && aws_vpc_security_group_ingress_rule.load_balancer[0].to_port == 8000 && aws_vpc_security_group_egress_rule.load_balancer[0].security_group_id == "sg-balancer" && aws_vpc_security_group_egress_rule.load_balancer[0].referenced_security_group_id == "sg-own"
    error_message = "Somebody besides the load balancer is let in, or it is not let out."
  }

  assert {
    condition     = length(aws_ecs_task_definition.migration) == 0 && length(aws_vpc_security_group_ingress_rule.database) == 0 && length(aws_vpc_security_group_egress_rule.database) == 0 && length(aws_iam_role.migration_execution) == 0 && output.migration_template == ""
    error_message = "A service without a schema can reach the database."
  }

  assert {
    condition     = aws_appautoscaling_target.this.min_capacity == 2 && [for strategy in aws_ecs_service.this.capacity_provider_strategy : strategy.capacity_provider] == ["FARGATE_SPOT"]
    error_message = "minimum or spot is not passed on."
  }
}

run "options" {
  command = plan

  variables {
    tenant          = "a_very_long_tenant_na"
    name            = "clientevent"
    environment     = "production-two"
    service_connect = true
    execute_command = true
    secret_key_arn  = "arn:aws:kms:us-east-1:123456789012:key/1"
    statements      = [{ Sid = "More", Effect = "Allow", Action = ["ses:SendEmail"], Resource = ["arn"] }]
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.task.policy).Statement : statement.Sid] == ["OwnSecret", "OwnSecretsKey", "More", "ExecuteCommand"]
    error_message = "What is asked for is not allowed."
  }

  assert {
    condition     = alltrue([for name in output.role_names : length(name) <= 64]) && length(distinct(output.role_names)) == 4 && length(local.target_group) <= 32 && !strcontains(local.target_group, "_")
    error_message = "Long names do not fit."
  }

  assert {
    condition     = aws_ecs_service.this.service_connect_configuration[0].enabled && aws_ecs_service.this.service_connect_configuration[0].service[0].client_alias[0].dns_name == "a_very_long_tenant_na-clientevent.production.startupwebapp.internal" && aws_ecs_service.this.service_connect_configuration[0].service[0].client_alias[0].port == 9090
    error_message = "Service Connect has another name than plain DNS."
  }
}

run "fewer_than_one" {
  command = plan

  variables {
    minimum = 0
  }

  expect_failures = [var.minimum]
}
