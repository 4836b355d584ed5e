# The house of the demonstration, and of training: a sandbox centre, virtual tokens, a line that can be cut. Sourced after lib.sh.
# Everything it makes lies under $house, and is thrown away by removing that folder.

dock() { "$bin/tirkeu-dock" --dir "$house/dock" "$@"; }
centre() { "$bin/tirkeu-centre" "$@" --db "$db"; }
# field NAME: that field of the JSON object on standard input.
field() { node -e 'process.stdout.write(String(JSON.parse(require("fs").readFileSync(0))[process.argv[1]]))' "$1"; }

# make_house DIR: sandbox authority, people, tokens, staff certificates. Does nothing where it stands already.
make_house() {
  house=$1
  db="sqlite:$house/centre/centre.db"
  mkdir -p "$house/centre" "$house/kiosk" "$house/logs"
  # The addresses stand in certificates and in what the kiosk remembers, so a house keeps its ports.
  [ -e "$house/ports" ] || printf 'port=%s\nhttp=%s\nline_port=%s\n' "$(free_port)" "$(free_port)" "$(free_port)" >"$house/ports"
  . "$house/ports"
  http_url=http://127.0.0.1:$http
  centre_url=https://127.0.0.1:$line_port
  [ -e "$house/.made" ] && return
  say "making a house in ${house#"$root"/}"
  centre init --url-http "$http_url" >"$house/logs/init.log"
  dock init >"$house/logs/dock.log"
  centre person import "$house/dock/register.json" >>"$house/logs/init.log"
  local name iin surname given
  # Each member of staff: key and request made on the staff token, certificate from the sandbox authority.
  dock people --json >"$house/dock/people-now.json"
  while IFS=$'\t' read -r name iin surname given; do
    dock request "$name" --out "$house/dock/$name.csr.pem" >>"$house/logs/dock.log"
    centre staff add "$house/dock/$name.csr.pem" --iin "$iin" --name "$surname $given" --out "$house/dock/$name.crt.pem" >>"$house/logs/init.log"
    dock install "$name" "$house/dock/$name.crt.pem" >>"$house/logs/dock.log"
  done < <(node -e '
    const {people} = JSON.parse(require("fs").readFileSync(process.argv[1]));
    for (const p of people) if (p.role === "operator" && p.token) console.log([p.token, p.iin, p.surname, p.given].join("\t"))' "$house/dock/people-now.json")
  touch "$house/.made"
}

# open_house: starts the centre and the line to it: centre_url goes through the line, http_url is for CRL, OCSP and CA certificates.
open_house() {
  "$bin/tirkeu-centre" serve --db "$db" --listen "127.0.0.1:$port" --listen-http "127.0.0.1:$http" --url-http "$http_url" >"$house/logs/centre.log" 2>&1 &
  local centre_pid=$!
  started $centre_pid
  "$bin/tirkeu-dock" --dir "$house/dock" line serve --listen "127.0.0.1:$line_port" --to "127.0.0.1:$port" >"$house/logs/line.log" 2>&1 &
  started $!
  wait_line "$house/logs/centre.log" listening $centre_pid 20 || die "the centre did not start; see ${house#"$root"/}/logs/centre.log"
  open_bus
  write_configuration
}

# open_bus: starts the virtual USB bus with its own pcscd, which touches nothing of the machine's, and makes the cards out.
open_bus() {
  mkdir -p "$house/dock/bus"
  rm -f "$house/dock/bus/control"
  "$bin/tirkeu-bus" --dir "$house/dock/bus" serve >"$house/logs/bus.log" 2>&1 &
  local bus_pid=$!
  started $bus_pid
  wait_line "$house/logs/bus.log" serves $bus_pid 20 || die "the virtual USB bus did not start; see ${house#"$root"/}/logs/bus.log"
  dock cards >>"$house/logs/bus.log"
}

# write_configuration: the kiosk's configuration file for this house.
write_configuration() {
  {
    printf 'centre = "%s"\nworker = "%s"\nstick = "%s"\n\n' "$centre_url" "$bin/tirkeu-token" "$house/dock/stick/in"
    dock modules
  } >"$house/kiosk.toml"
}

# provision_kiosk PROGRAM: what a technician does on the first-start screen, by command.
provision_kiosk() {
  [ -e "$house/kiosk/device.json" ] && return
  say "enrolling the kiosk at the centre"
  local answer
  answer=$(centre kiosk add demo-kiosk --json)
  # The secret goes by standard input: a command line can be read by everybody on the machine.
  field secret <<<"$answer" | "$bin/$1" provision --config "$house/kiosk.toml" --state "$house/kiosk" --centre "$centre_url" \
    --reference "$(field reference <<<"$answer")" --display l21 --languages kk,ru,en >"$house/logs/provision.log" 2>&1 ||
    { cat "$house/logs/provision.log" >&2; die "the kiosk could not be enrolled"; }
}
