"""What makes scores lie: copies, inputs that know the future, features that look ahead."""
