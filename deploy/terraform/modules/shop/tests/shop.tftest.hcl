# One shop as it is made: what ship is told of it, who calls whom, what each process is told.
mock_provider "aws" {
  source = "../../tests/mocks"
}

override_resource {
  target = module.service["user"].aws_security_group.this
  values = { id = "sg-user" }
}

override_resource {
  target = module.service["payment"].aws_security_group.this
  values = { id = "sg-payment" }
}

override_resource {
  target = module.service["order"].aws_security_group.this
  values = { id = "sg-order" }
}

override_resource {
  target = module.service["clientevent"].aws_security_group.this
  values = { id = "sg-clientevent" }
}

override_resource {
  target = module.service["gateway"].aws_security_group.this
  values = { id = "sg-gateway" }
}

override_resource {
  target = module.service["gateway"].aws_lb_target_group.this
  values = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gateway/0123456789abcdef"
    arn_suffix = "targetgroup/gateway/0123456789abcdef"
  }
}

override_resource {
  target = module.site.aws_cloudfront_distribution.this
  values = {
    id             = "E2EXAMPLE"
    arn            = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE"
    domain_name    = "d1.cloudfront.net"
    hosted_zone_id = "Z2FDTNDATAQYW2"
  }
}

override_data {
  target = data.aws_region.current
  values = { name = "us-east-1" }
}

override_data {
  target = data.aws_partition.current
  values = { partition = "aws" }
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.site.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  project                         = "startupwebapp"
  environment                     = "production"
  tenant                          = "main"
  api_host                        = "api.shop.example"
  site_host                       = "www.shop.example"
  cookie_domain                   = ".shop.example"
  vpc_id                          = "vpc-1"
  private_subnet_ids              = ["subnet-1", "subnet-2"]
  cluster_name                    = "startupwebapp-production"
  cluster_arn                     = "arn:aws:ecs:us-east-1:123456789012:cluster/startupwebapp-production"
  namespace_id                    = "ns-1"
  namespace_name                  = "production.startupwebapp.internal"
  https_listener_arn              = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/lb/0123456789abcdef/0123456789abcdef"
  listener_priority               = 100
  load_balancer_security_group_id = "sg-balancer"
  load_balancer_dns_name          = "lb.us-east-1.elb.amazonaws.com"
  load_balancer_hosted_zone_id    = "Z35SXDOTRQ7X7K"
  database = {
    identifier        = "startupwebapp-production"
    host              = "db.example.us-east-1.rds.amazonaws.com"
    port              = 5432
    master_username   = "postgres"
    master_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1"
    security_group_id = "sg-database"
  }
  repositories = {
    user        = { name = "startupwebapp-production/user", url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/startupwebapp-production/user", arn = "arn:aws:ecr:us-east-1:123456789012:repository/startupwebapp-production/user" }
    order       = { name = "startupwebapp-production/order", url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/startupwebapp-production/order", arn = "arn:aws:ecr:us-east-1:123456789012:repository/startupwebapp-production/order" }
    payment     = { name = "startupwebapp-production/payment", url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/startupwebapp-production/payment", arn = "arn:aws:ecr:us-east-1:123456789012:repository/startupwebapp-production/payment" }
    clientevent = { name = "startupwebapp-production/clientevent", url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/startupwebapp-production/clientevent", arn = "arn:aws:ecr:us-east-1:123456789012:repository/startupwebapp-production/clientevent" }
    gateway     = { name = "startupwebapp-production/gateway", url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/startupwebapp-production/gateway", arn = "arn:aws:ecr:us-east-1:123456789012:repository/startupwebapp-production/gateway" }
  }
  mail = {
    from              = "The Shop <shop@shop.example>"
    operator_email    = "owner@shop.example"
    identity_arn      = "arn:aws:ses:us-east-1:123456789012:identity/shop.example"
    configuration_set = "startupwebapp-production"
  }
  certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  site = {
    shop_name    = "The Shop"
    phone        = "1-800-555-0199"
    phone_target = "tel:+18005550199"
    email        = "hello@shop.example"
  }
}

run "shop" {
  # document.json is parsed by ship's own code in deploy/terraform/tests; both together say that ship reads what is written here.
  assert {
    condition     = nonsensitive(aws_ssm_parameter.document.value) == jsonencode(jsondecode(file("./tests/document.json")))
    error_message = "The document differs from tests/document.json:\n${nonsensitive(aws_ssm_parameter.document.value)}"
  }

  assert {
    condition     = aws_ssm_parameter.document.name == "/startupwebapp/production/main/shop"
    error_message = "ship looks for the document in another place."
  }

  # variables.json is given to the services' own settings in deploy/terraform/tests.
  assert {
    condition     = jsonencode(output.variables) == jsonencode(jsondecode(file("./tests/variables.json")))
    error_message = "The environment differs from tests/variables.json:\n${jsonencode(output.variables)}"
  }

  assert {
    condition = toset([for rule in aws_vpc_security_group_ingress_rule.call : "${rule.description} ${rule.from_port}-${rule.to_port} ${rule.ip_protocol}"]) == toset([
      "main-gateway 9090-9090 tcp", "main-order 9090-9090 tcp",
      ]) && toset(keys(aws_vpc_security_group_ingress_rule.call)) == toset([
      "gateway-user", "gateway-order", "gateway-payment", "gateway-clientevent", "order-payment", "order-user",
    ])
    error_message = "Somebody may call whom the plan of the house does not name."
  }

  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.call) == keys(aws_vpc_security_group_ingress_rule.call)
    error_message = "A call that is let in is not let out, or the other way round."
  }

  assert {
    condition     = alltrue([for rule in concat(values(aws_vpc_security_group_ingress_rule.call), values(aws_vpc_security_group_egress_rule.call)) : rule.cidr_ipv4 == null && rule.referenced_security_group_id != null])
    error_message = "A call is allowed for addresses in place of a service."
  }

  assert {
    condition     = keys(local.statements) == ["user"] && jsonencode(local.statements.user[0].Action) == jsonencode(["ses:SendEmail", "ses:SendRawEmail"])
    error_message = "A service besides user may do more than read its secret, or user more than send mail."
  }

  assert {
    condition     = join(" ", local.statements.user[0].Resource) == "arn:aws:ses:us-east-1:123456789012:identity/shop.example arn:aws:ses:us-east-1:123456789012:configuration-set/startupwebapp-production" && join(" ", local.statements.user[0].Condition.StringLike["ses:FromAddress"]) == "*@shop.example"
    error_message = "Mail can be sent by another identity or in another domain's name."
  }

  assert {
    condition     = alltrue([for name, service in output.services : length(service.migration_role_arns) == (name == "gateway" ? 0 : 2)])
    error_message = "A service with a schema lacks the roles of its migration, or the gateway has one."
  }

  assert {
    condition     = [for name, service in output.services : name if service.target_group_arn_suffix != null] == ["gateway"]
    error_message = "The load balancer leads to more than the gateway."
  }

  assert {
    condition     = length(aws_route53_record.api) == 0
    error_message = "There is a DNS record without a zone."
  }
}

run "zone" {
  command = plan

  variables {
    zone_id = "Z1"
    minimum = 2
    spot    = ["clientevent"]
  }

  assert {
    condition     = aws_route53_record.api[0].name == "api.shop.example" && aws_route53_record.api[0].alias[0].name == "lb.us-east-1.elb.amazonaws.com"
    error_message = "The API's name does not lead to the load balancer."
  }

  assert {
    condition     = alltrue([for service in output.services : service.minimum == 2])
    error_message = "The minimum is not passed on."
  }
}

run "two_shops_at_once" {
  module {
    source = "./tests/two"
  }

  assert {
    condition     = length(output.shared_names) == 0
    error_message = "Two shops share names: ${join(", ", output.shared_names)}."
  }

  assert {
    condition     = output.databases == toset(["one", "two_much_longer_name"])
    error_message = "Two shops share a database."
  }
}

run "hosts_without_a_common_domain" {
  command = plan

  variables {
    api_host = "api.other.example"
  }

  expect_failures = [var.cookie_domain]
}

run "payments_on_spot" {
  command = plan

  variables {
    spot = ["payment"]
  }

  expect_failures = [var.spot]
}

run "a_database_of_postgres_as_tenant" {
  command = plan

  variables {
    tenant = "postgres"
  }

  expect_failures = [var.tenant]
}
