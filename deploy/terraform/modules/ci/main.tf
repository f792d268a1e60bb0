# What the workflows may do, without a key that could be stolen: GitHub signs who runs, AWS checks it.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  issuer  = "token.actions.githubusercontent.com"
  account = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  arn     = "arn:${data.aws_partition.current.partition}"

  provider_arn = var.create_oidc_provider ? aws_iam_openid_connect_provider.github[0].arn : (
    "${local.arn}:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/${local.issuer}"
  )
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-ci"
  max_session_duration = 7200 # what .github/actions/prepare asks for
  # Equal, not like: a wildcard here would let any branch or any repository in.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = { StringEquals = {
        "${local.issuer}:aud" = "sts.amazonaws.com"
        "${local.issuer}:sub" = [for environment in var.environments : "repo:${var.repository}:environment:${environment}"]
      } }
    }]
  })
}

resource "aws_iam_role_policy" "ship" {
  name   = "ship"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_iam_role_policy_attachment" "further" {
  for_each = var.policy_arns

  role       = aws_iam_role.this.name
  policy_arn = each.value
}
