# Apply, plan again, destroy. What the second plan may change is in tests/drift.json and checked by terraformcheck.


# What moto cannot do: it lacks the calls, or answers in a form that the provider does not read.
override_resource {
  target = module.environment.module.shop["main"].module.service["user"].aws_appautoscaling_target.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["user"].aws_appautoscaling_policy.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["order"].aws_appautoscaling_target.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["order"].aws_appautoscaling_policy.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["payment"].aws_appautoscaling_target.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["payment"].aws_appautoscaling_policy.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["clientevent"].aws_appautoscaling_target.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["clientevent"].aws_appautoscaling_policy.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["gateway"].aws_appautoscaling_target.this
}

override_resource {
  target = module.environment.module.shop["main"].module.service["gateway"].aws_appautoscaling_policy.this
}

override_resource {
  target = module.environment.module.shop["main"].module.site.aws_cloudfront_function.this
  values = { arn = "arn:aws:cloudfront::123456789012:function/mock" }
}

override_resource {
  target = module.environment.module.shop["main"].module.site.aws_cloudfront_response_headers_policy.this
  values = { id = "11111111-2222-3333-4444-555555555555" }
}

override_resource {
  target = module.environment.module.mail.aws_sesv2_email_identity.this
  values = { arn = "arn:aws:ses:us-east-1:123456789012:identity/example.com", dkim_signing_attributes = { tokens = ["one", "two", "three"] } }
}

override_resource {
  target = module.environment.module.mail.aws_sesv2_configuration_set.this
  values = { arn = "arn:aws:ses:us-east-1:123456789012:configuration-set/mock" }
}

override_resource {
  target = module.environment.module.mail.aws_sesv2_email_identity_mail_from_attributes.this
}

override_resource {
  target = module.environment.module.mail.aws_sesv2_configuration_set_event_destination.feedback
}

override_resource {
  target = module.environment.aws_budgets_budget.month
}

override_resource {
  target = module.environment.module.shop["main"].module.site.aws_cloudfront_cache_policy.this
  values = { id = "11111111-2222-3333-4444-555555555555" }
}

override_resource {
  target = module.environment.module.backup.aws_backup_selection.this
}

run "apply" {
}

run "again" {
  command = plan
}
