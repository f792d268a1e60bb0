# The rights of ship, action by action. A star as the resource stands only where AWS knows no finer one.

locals {
  cluster = "${local.arn}:ecs:${local.account}:cluster/${var.cluster_name}"

  statements = [
    {
      Sid      = "SignInToRegistry"
      Effect   = "Allow"
      Action   = "ecr:GetAuthorizationToken"
      Resource = "*"
    },
    {
      Sid    = "PushAndFindImages"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages", "ecr:DescribeRepositories",
        "ecr:DescribeImageScanFindings", "ecr:ListImages", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage",
      ]
      Resource = var.repository_arns
    },
    {
      Sid    = "RegisterRevisions"
      Effect = "Allow"
      Action = [
        "ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:ListTaskDefinitionFamilies",
        "elasticloadbalancing:DescribeTargetHealth", "elasticloadbalancing:DescribeTargetGroups",
      ]
      Resource = "*"
    },
    {
      Sid      = "TagWhatItRegisters"
      Effect   = "Allow"
      Action   = "ecs:TagResource"
      Resource = ["${local.arn}:ecs:${local.account}:task-definition/${var.family_prefix}*", "${local.arn}:ecs:${local.account}:task/${var.cluster_name}/*"]
    },
    {
      Sid    = "RollServices"
      Effect = "Allow"
      Action = ["ecs:DescribeServices", "ecs:UpdateService", "ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"]
      Resource = [
        "${local.arn}:ecs:${local.account}:service/${var.cluster_name}/*",
        "${local.arn}:ecs:${local.account}:service-deployment/${var.cluster_name}/*",
        "${local.arn}:ecs:${local.account}:service-revision/${var.cluster_name}/*",
      ]
    },
    {
      Sid       = "RunOneOffTasks"
      Effect    = "Allow"
      Action    = "ecs:RunTask"
      Resource  = "${local.arn}:ecs:${local.account}:task-definition/${var.family_prefix}*"
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster } }
    },
    {
      Sid      = "FollowTasks"
      Effect   = "Allow"
      Action   = ["ecs:DescribeTasks", "ecs:StopTask"]
      Resource = "${local.arn}:ecs:${local.account}:task/${var.cluster_name}/*"
    },
    {
      Sid       = "FindTasks"
      Effect    = "Allow"
      Action    = "ecs:ListTasks"
      Resource  = "*"
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster } }
    },
    {
      Sid       = "GiveTasksTheirRoles"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = var.task_role_arns
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
    {
      Sid      = "KeepNotes"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:PutParameter", "ssm:DeleteParameter", "ssm:DeleteParameters", "ssm:GetParameterHistory"]
      Resource = ["${local.arn}:ssm:${local.account}:parameter${var.parameter_prefix}", "${local.arn}:ssm:${local.account}:parameter${var.parameter_prefix}/*"]
    },
    {
      Sid      = "ReadLogs"
      Effect   = "Allow"
      Action   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:DescribeLogStreams", "logs:StartLiveTail"]
      Resource = ["${local.arn}:logs:${local.account}:log-group:${var.log_group_prefix}*"]
    },
    {
      Sid      = "ListPages"
      Effect   = "Allow"
      Action   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketVersioning"]
      Resource = [for bucket in var.site_buckets : "${local.arn}:s3:::${bucket}"]
    },
    {
      Sid      = "PublishPages"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"]
      Resource = [for bucket in var.site_buckets : "${local.arn}:s3:::${bucket}/*"]
    },
    {
      Sid      = "RefreshCaches"
      Effect   = "Allow"
      Action   = ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation", "cloudfront:GetDistribution"]
      Resource = var.distribution_arns
    },
    {
      # The document of a shop is Terraform's: whoever could write it could send tasks elsewhere.
      Sid      = "NeverTheShopsDocument"
      Effect   = "Deny"
      Action   = ["ssm:PutParameter", "ssm:DeleteParameter", "ssm:DeleteParameters"]
      Resource = "${local.arn}:ssm:${local.account}:parameter${var.parameter_prefix}/*/shop"
    },
    {
      # Whatever is allowed elsewhere one day: no secret is read, no shell opened, no image overwritten by this role.
      Sid      = "NeverSecrets"
      Effect   = "Deny"
      Action   = ["secretsmanager:*", "kms:Decrypt", "ecs:ExecuteCommand", "ssm:StartSession"]
      Resource = "*"
    },
  ]
}
