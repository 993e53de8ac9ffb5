# Each database in a file of its own, as its owner's role will find it again.
export PGUSER="$POSTGRES_USER" PGPASSWORD="$POSTGRES_PASSWORD"
for name in $(psql -AtX -d postgres -c "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"); do
  pg_dump --format=custom --file="/work/$name.dump" "$name"
done
