# Templates: all of a task but its image. ship takes the newest, sets the image by digest, registers that in the family without
# "-template" and runs it. A changed variable takes effect with the next `ship deploy`.
locals {
  user = "65532:65532" # nonroot of the image

  variables = merge(var.variables, {
    AWS_SECRET_ID = var.secret.name
    # Short of the autoscaling's 80 %: a heap that could be collected must not add tasks.
    GOMEMLIMIT = "${floor(var.size.memory * 0.6)}MiB"
  })

  # For `migrate`, which makes role, database and schema as the instance's master user. The password comes as PGPASSWORD.
  migration_variables = merge(local.variables, var.has_schema ? {
    ADMIN_DATABASE_URL = "postgres://${var.database.master_username}@${var.database.host}:${var.database.port}/postgres?sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem"
  } : {})

  container = {
    name                   = var.name
    image                  = "${var.repository.url}:none"
    essential              = true
    memory                 = var.size.memory
    user                   = local.user
    readonlyRootFilesystem = true
    stopTimeout            = 45 # longer than the process takes: DRAIN_DELAY 15 s (gateway 5 s) and DRAIN_TIMEOUT 20 s, and some to spare
    mountPoints            = []
    volumesFrom            = []
    systemControls         = []
    linuxParameters        = { initProcessEnabled = false, capabilities = { add = [], drop = ["ALL"] } }
    ulimits                = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this.name
        "awslogs-region"        = var.account.region
        "awslogs-stream-prefix" = var.name
        # A log service that is slow costs lines, never the shop.
        mode              = "non-blocking"
        "max-buffer-size" = "4m"
      }
    }
  }

  serving = merge(local.container, {
    environment = [for name in sort(keys(local.variables)) : { name = name, value = local.variables[name] }]
    portMappings = [merge(
      { name = var.name, containerPort = var.port, hostPort = var.port, protocol = "tcp" },
      { appProtocol = var.listener == null ? "grpc" : "http" },
    )]
    # Liveness: it asks whether the process should go on living, so that an outage of the database or of a peer ends no task,
    # and a revision that never came up never becomes healthy.
    healthCheck = { command = ["CMD", "/service", "healthcheck"], interval = 10, timeout = 5, retries = 3, startPeriod = 60 }
  })

  migrating = merge(local.container, {
    command      = ["migrate"]
    environment  = [for name in sort(keys(local.migration_variables)) : { name = name, value = local.migration_variables[name] }]
    secrets      = [{ name = "PGPASSWORD", valueFrom = "${var.database.master_secret_arn}:password::" }]
    portMappings = []
  })
}

resource "aws_ecs_task_definition" "this" {
  family                   = "${local.qualified}-template"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions    = jsonencode([local.serving])

  runtime_platform {
    cpu_architecture        = var.architecture
    operating_system_family = "LINUX"
  }
}

resource "aws_ecs_task_definition" "migration" {
  count = var.has_schema ? 1 : 0

  family                   = "${local.qualified}-migration-template"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory
  task_role_arn            = aws_iam_role.migration_task[0].arn
  execution_role_arn       = aws_iam_role.migration_execution[0].arn
  container_definitions    = jsonencode([local.migrating])

  runtime_platform {
    cpu_architecture        = var.architecture
    operating_system_family = "LINUX"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.project}/${var.environment}/${var.tenant}/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}
