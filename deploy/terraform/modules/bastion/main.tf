# A machine beside the database for the rare day that somebody needs psql. No public address, no open port, no key:
# Session Manager alone leads there, and writes down who did. Off unless asked for.

locals {
  count = var.enabled ? 1 : 0
}

data "aws_ssm_parameter" "image" {
  count = local.count

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_security_group" "this" {
  count = local.count

  name        = "${var.name}-bastion"
  description = "Bastion: nothing comes in"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-bastion" }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  count = local.count

  security_group_id = aws_security_group.this[0].id
  description       = "Session Manager and packages"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "database" {
  count = local.count

  security_group_id            = aws_security_group.this[0].id
  description                  = "PostgreSQL"
  referenced_security_group_id = var.database_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  count = local.count

  security_group_id            = var.database_security_group_id
  description                  = "Bastion"
  referenced_security_group_id = aws_security_group.this[0].id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_iam_role" "this" {
  count = local.count

  name = "${var.name}-bastion"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  count = local.count

  role       = aws_iam_role.this[0].name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "this" {
  count = local.count

  name = "${var.name}-bastion"
  role = aws_iam_role.this[0].name
}

resource "aws_instance" "this" {
  count = local.count

  ami                         = data.aws_ssm_parameter.image[0].value
  instance_type               = var.instance_type
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [aws_security_group.this[0].id]
  associate_public_ip_address = false
  iam_instance_profile        = aws_iam_instance_profile.this[0].name
  user_data                   = file("${path.module}/bastion.sh")

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 8
    encrypted   = true
  }

  tags = { Name = "${var.name}-bastion" }

  lifecycle {
    ignore_changes = [ami]
  }
}
