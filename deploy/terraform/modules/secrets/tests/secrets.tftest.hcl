mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  names = { user = "shop/production/main/user", order = "shop/production/main/order" }
}

run "empty" {
  command = plan

  assert {
    condition     = { for key, secret in aws_secretsmanager_secret.this : key => secret.name } == { user = "shop/production/main/user", order = "shop/production/main/order" }
    error_message = "A secret has another name than the process asks for."
  }

  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.recovery_window_in_days == 30])
    error_message = "A deleted secret is gone at once."
  }
}

run "recovery_too_short" {
  command = plan

  variables {
    recovery_window_in_days = 3
  }

  expect_failures = [var.recovery_window_in_days]
}
