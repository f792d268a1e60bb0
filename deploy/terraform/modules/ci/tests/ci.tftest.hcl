# What the workflows may do, and what never.
mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name                 = "startupwebapp-test"
  repository           = "owner/name"
  environments         = ["production"]
  create_oidc_provider = true
  cluster_name         = "startupwebapp-test"
  family_prefix        = "startupwebapp-test-"
  repository_arns      = ["arn:aws:ecr:us-east-1:123456789012:repository/startupwebapp-test/user"]
  task_role_arns       = ["arn:aws:iam::123456789012:role/startupwebapp-test-main-user-task"]
  parameter_prefix     = "/startupwebapp/test"
  log_group_prefix     = "/startupwebapp/test/"
  site_buckets         = ["pages"]
  distribution_arns    = ["arn:aws:cloudfront::123456789012:distribution/E1"]
}

run "trusts_one_environment_of_one_repository" {
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:owner/name:environment:production"]
    error_message = "the role can be taken by more than the named environment"
  }
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com" && keys(jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition) == ["StringEquals"]
    error_message = "the audience is not checked, or something is compared with wildcards"
  }
}

run "least_privilege" {
  assert {
    condition     = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.ship.policy).Statement : [for action in flatten([statement.Action]) : !endswith(action, "*")] if statement.Effect == "Allow"]))
    error_message = "a right is given by a wildcard"
  }
  assert {
    condition     = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.ship.policy).Statement : [for action in flatten([statement.Action]) : !startswith(action, "secretsmanager:") && action != "ecs:ExecuteCommand" && action != "kms:Decrypt"] if statement.Effect == "Allow"]))
    error_message = "the workflows can read secrets"
  }
  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.ship.policy).Statement : statement if statement.Sid == "NeverSecrets"]).Effect == "Deny" && contains(one([for statement in jsondecode(aws_iam_role_policy.ship.policy).Statement : statement if statement.Sid == "NeverSecrets"]).Action, "secretsmanager:*")
    error_message = "secrets are not denied whatever else is allowed"
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.ship.policy).Statement : toset(statement.Resource) == toset(var.task_role_arns) && statement.Condition.StringEquals["iam:PassedToService"] == "ecs-tasks.amazonaws.com" if contains(flatten([statement.Action]), "iam:PassRole")])
    error_message = "the workflows can give away other roles, or to others than tasks"
  }
  # A star as the resource only for these, which AWS cannot narrow.
  assert {
    condition     = toset([for statement in jsondecode(aws_iam_role_policy.ship.policy).Statement : statement.Sid if statement.Effect == "Allow" && contains(flatten([statement.Resource]), "*")]) == toset(["SignInToRegistry", "RegisterRevisions", "FindTasks"])
    error_message = "a right holds for every resource of the account"
  }
  assert {
    condition     = length(replace(aws_iam_role_policy.ship.policy, " ", "")) < 10240
    error_message = "the policy is longer than IAM takes"
  }
}

run "uses_the_accounts_provider" {
  variables {
    create_oidc_provider = false
  }
  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && endswith(jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.Federated, ":oidc-provider/token.actions.githubusercontent.com")
    error_message = "expected the provider that the account has"
  }
}

run "refuses_wildcards" {
  command = plan
  variables {
    repository   = "owner/*"
    environments = ["*"]
  }
  expect_failures = [var.repository, var.environments]
}
