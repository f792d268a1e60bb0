# Four roles at most: what the process may do, what ECS may do to start it, and both again for its migration. None has more than the
# one service needs.
locals {
  # Only ECS of this account and region may take a role, on behalf of its own tasks (the confused deputy).
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account.id }
        ArnLike      = { "aws:SourceArn" = "arn:${var.account.partition}:ecs:${var.account.region}:${var.account.id}:*" }
      }
    }]
  })

  read_secret = concat(
    [{ Sid = "OwnSecret", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [var.secret.arn] }],
    var.secret_key_arn == null ? [] : [{ Sid = "OwnSecretsKey", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [var.secret_key_arn] }],
  )

  execute_command = var.execute_command ? [{
    Sid    = "ExecuteCommand"
    Effect = "Allow"
    Action = [
      "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    ]
    Resource = ["*"] # these know no resources
  }] : []

  start = [
    # The token knows no resources; what can be pulled with it is the next statement.
    { Sid = "Login", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
    {
      Sid      = "PullOwnImage"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = [var.repository.arn]
    },
    {
      Sid      = "WriteOwnLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
    },
  ]

  read_master_secret = var.has_schema ? concat(
    [{ Sid = "MasterSecret", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [var.database.master_secret_arn] }],
    var.master_secret_key_arn == null ? [] : [{ Sid = "MasterSecretsKey", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [var.master_secret_key_arn] }],
  ) : []
}

resource "aws_iam_role" "task" {
  name               = "${local.role}-task"
  description        = "What the process of ${local.hostname} may do"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "task" {
  name   = "task"
  role   = aws_iam_role.task.id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.read_secret, var.statements, local.execute_command) })
}

resource "aws_iam_role" "execution" {
  name               = "${local.role}-exec"
  description        = "What ECS may do to start ${local.hostname}"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.execution.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.start })
}

resource "aws_iam_role" "migration_task" {
  count = var.has_schema ? 1 : 0

  name               = "${local.role}-mig-task"
  description        = "What the migration of ${local.hostname} may do"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "migration_task" {
  count = var.has_schema ? 1 : 0

  name   = "task"
  role   = aws_iam_role.migration_task[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.read_secret })
}

resource "aws_iam_role" "migration_execution" {
  count = var.has_schema ? 1 : 0

  name               = "${local.role}-mig-exec"
  description        = "What ECS may do to start the migration of ${local.hostname}: alone in reading the master user's secret"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "migration_execution" {
  count = var.has_schema ? 1 : 0

  name   = "execution"
  role   = aws_iam_role.migration_execution[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.start, local.read_master_secret) })
}
