# The whole stack on a mocked AWS: how its parts fit, what a profile makes of them, and what is refused.
mock_provider "aws" {
  source = "../../tests/mocks"
}

mock_provider "aws" {
  alias  = "replica"
  source = "../../tests/mocks"
}

variables {
  environment  = "test"
  domain       = "example.com"
  alarm_emails = ["operator@example.com"]
  budget       = 100
  github       = { repository = "owner/name", environments = ["production"], create_oidc_provider = true }
  tenants = {
    main = {
      priority       = 100
      api_host       = "api.example.com"
      site_host      = "shop.example.com"
      cookie_domain  = "example.com"
      mail_from      = "Example Shop <shop@example.com>"
      operator_email = "operator@example.com"
      site           = { shop_name = "Example Shop" }
    }
  }
}

# Priced by terraformcheck.
run "minimum" {
  command = plan

  assert {
    condition     = local.settings.egress == "nat-instance" && !local.settings.multi_az && !local.settings.waf && local.settings.minimum == 1
    error_message = "the minimum profile became dearer"
  }
  assert {
    condition     = output.connections.wanted <= output.connections.available
    error_message = "the pools want more connections than the instance takes"
  }
  assert {
    condition     = length(module.shop) == 1 && length(module.shop["main"].services) == 5
    error_message = "expected five services"
  }
  assert {
    condition     = output.bastion_instance_id == null
    error_message = "a bastion stands without being asked for"
  }
}

# Priced by terraformcheck.
run "high_availability" {
  command = plan
  variables {
    profile = "high-availability"
  }
  assert {
    condition     = local.settings.egress == "nat-gateway-per-zone" && local.settings.multi_az && local.settings.waf && local.settings.minimum == 2
    error_message = "the loss of a zone would stop the shop"
  }
  assert {
    condition     = output.connections.wanted <= output.connections.available
    error_message = "the pools want more connections than the instance takes"
  }
}

run "whole" {
  assert {
    condition     = alltrue([for name, service in module.shop["main"].services : (service.target_group_arn_suffix != null) == (name == "gateway")])
    error_message = "expected the gateway, and it alone, behind the load balancer"
  }
  assert {
    condition     = alltrue([for name, service in module.shop["main"].services : (length(service.migration_role_arns) > 0) == (name != "gateway")])
    error_message = "expected a migration with roles of its own for each service that keeps data"
  }
  assert {
    condition     = aws_service_discovery_private_dns_namespace.this.name == "test.startupwebapp.internal" && aws_ecs_cluster.this.name == "startupwebapp-test"
    error_message = "names differ from those that ship and the services expect"
  }
  assert {
    condition     = toset(aws_ecs_cluster_capacity_providers.this.capacity_providers) == toset(["FARGATE", "FARGATE_SPOT"])
    error_message = "expected Fargate and its spot capacity"
  }
  assert {
    condition     = output.ci_role_arn != null && length(output.mail_records) == 6
    error_message = "the operator is not told the role of the workflows or the records of mail"
  }
}

run "one_setting_differs" {
  command = plan
  variables {
    adjust = { waf = true }
  }
  assert {
    condition     = local.settings.waf && local.settings.egress == "nat-instance"
    error_message = "adjust changes other settings than its own, or none"
  }
}

run "two_tenants_need_a_larger_instance" {
  command = plan
  variables {
    tenants = {
      main = {
        priority  = 100, api_host = "api.example.com", site_host = "shop.example.com", cookie_domain = "example.com"
        mail_from = "shop@example.com", operator_email = "operator@example.com", site = { shop_name = "One" }
      }
      second = {
        priority  = 200, api_host = "api2.example.com", site_host = "shop2.example.com", cookie_domain = "example.com"
        mail_from = "shop@example.com", operator_email = "operator@example.com", site = { shop_name = "Two" }
      }
    }
  }
  expect_failures = [output.connections]
}

run "refuses_what_the_certificate_does_not_cover" {
  command = plan
  variables {
    tenants = {
      main = {
        priority  = 100, api_host = "api.deep.example.com", site_host = "shop.example.com", cookie_domain = "example.com"
        mail_from = "shop@example.com", operator_email = "operator@example.com", site = { shop_name = "One" }
      }
    }
  }
  expect_failures = [var.tenants]
}

run "refuses_a_tenant_that_is_no_name_of_a_database" {
  command = plan
  variables {
    tenants = {
      "Main-Shop" = {
        priority  = 100, api_host = "api.example.com", site_host = "shop.example.com", cookie_domain = "example.com"
        mail_from = "shop@example.com", operator_email = "operator@example.com", site = { shop_name = "One" }
      }
    }
  }
  expect_failures = [var.tenants]
}

run "refuses_mail_of_another_domain" {
  command = plan
  variables {
    tenants = {
      main = {
        priority  = 100, api_host = "api.example.com", site_host = "shop.example.com", cookie_domain = "example.com"
        mail_from = "shop@example.org", operator_email = "operator@example.com", site = { shop_name = "One" }
      }
    }
  }
  expect_failures = [var.tenants]
}

run "refuses_hosts_outside_the_cookies" {
  command = plan
  variables {
    tenants = {
      main = {
        priority  = 100, api_host = "api.example.com", site_host = "shop.example.com", cookie_domain = "other.com"
        mail_from = "shop@example.com", operator_email = "operator@example.com", site = { shop_name = "One" }
      }
    }
  }
  expect_failures = [var.tenants]
}

run "refuses_another_profile" {
  command = plan
  variables {
    profile = "cheap"
  }
  expect_failures = [var.profile]
}

run "refuses_a_budget_that_nobody_hears_of" {
  command = plan
  variables {
    alarm_emails = []
  }
  expect_failures = [var.budget]
}
