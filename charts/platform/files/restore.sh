# All of a database or nothing of it.
export PGUSER="$POSTGRES_USER" PGPASSWORD="$POSTGRES_PASSWORD"
for dump in /work/*.dump; do
  name=$(basename "$dump" .dump)
  pg_restore --clean --if-exists --single-transaction --exit-on-error --dbname="$name" "$dump"
  echo "$name: restored"
done
