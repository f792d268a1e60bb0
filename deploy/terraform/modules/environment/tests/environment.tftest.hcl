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

run "minimum" {
  command = plan
}
