output "repositories" {
  description = "Service to its repository: name (without registry), url, arn."
  value = {
    for service, repository in aws_ecr_repository.this : service => {
      name = repository.name
      url  = repository.repository_url
      arn  = repository.arn
    }
  }
}
