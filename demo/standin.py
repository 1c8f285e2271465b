"""A small stand-in for Magento's REST API over a database of shop.py.

It speaks /rest[/<store>]/V1 only, in Magento's shapes, and writes what
Magento's own SQL writes: full rows, values tables, stock, orders. Like a real
one it serves few requests at once and takes its time: 10 requests of 50 ms.

    python3 demo/standin.py --port 8000 --db-port 3306 --database magento
"""

import argparse
import datetime
import json
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pymysql

CUSTOMER_FIELDS = (
    "id:entity_id group_id default_billing! default_shipping! created_at "
    "updated_at created_in dob email firstname lastname middlename prefix "
    "suffix gender store_id taxvat website_id").split()
ADDRESS_FIELDS = ("id:entity_id customer_id:parent_id region_id country_id "
                  "company telephone fax postcode city firstname lastname "
                  "middlename prefix suffix vat_id").split()
OUTSIDE = {"sku", "name", "price", "weight", "status", "visibility"}


class Problem(Exception):
    def __init__(self, status, message, **parameters):
        super().__init__(message)
        self.status, self.message = status, message
        self.parameters = parameters


def text(value):
    """A database value as Magento prints it."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def number(value):
    value = float(value)
    return int(value) if value == int(value) else value


def pick(row, fields):
    """{json name: value} without nulls; "a:b" renames, "!" makes a string."""
    out = {}
    for field in fields:
        name, _, column = field.rstrip("!").partition(":")
        value = text(row[column or name])
        if value is not None:
            out[name] = str(value) if field.endswith("!") else value
    return out


class Magento:
    """One connection's worth of the API; a worker thread owns each."""

    def __init__(self, connect):
        self.db = connect()
        self.cursor = self.db.cursor(pymysql.cursors.DictCursor)
        self.cursor.execute("set sql_mode = '', time_zone = '+00:00'")

    def rows(self, sql, *args):
        self.cursor.execute(sql, args)
        return self.cursor.fetchall()

    def row(self, sql, *args):
        found = self.rows(sql, *args)
        return found[0] if found else None

    def run(self, sql, *args):
        self.cursor.execute(sql, args)
        return self.cursor.lastrowid

    def store_id(self, code):
        if code is None:
            return 1
        if code == "all":
            return 0
        found = self.row("select store_id from store where code = %s", code)
        if not found:
            raise Problem(400, "Specified request cannot be processed.")
        return found["store_id"]

    # --- customers

    def customer(self, number_):
        c = self.row("select * from customer_entity where entity_id = %s",
                     number_)
        if not c:
            raise Problem(404, "No such entity with %fieldName = %fieldValue",
                          fieldName="customerId", fieldValue=int(number_))
        out = pick(c, CUSTOMER_FIELDS)
        out["addresses"] = []
        for a in self.rows("select * from customer_address_entity where "
                           "parent_id = %s order by entity_id", number_):
            address = pick(a, ADDRESS_FIELDS)
            address["street"] = a["street"].split("\n")
            address["region"] = {"region_code": a["region"],
                                 "region": a["region"],
                                 "region_id": a["region_id"] or 0}
            if a["entity_id"] == c["default_shipping"]:
                address["default_shipping"] = True
            if a["entity_id"] == c["default_billing"]:
                address["default_billing"] = True
            out["addresses"].append(address)
        out["disable_auto_group_change"] = c["disable_auto_group_change"]
        out["extension_attributes"] = {"is_subscribed": False}
        custom = self.values("customer", "customer_entity", number_, None)
        if custom:
            out["custom_attributes"] = custom
        return out

    def customer_save(self, body, number_=None):
        c = dict(body["customer"])
        columns = {k: c[k] for k in
                   ("email", "firstname", "lastname", "middlename", "prefix",
                    "suffix", "dob", "gender", "taxvat", "group_id",
                    "store_id", "website_id") if k in c}
        if number_ is None:
            if self.row("select 1 from customer_entity where email = %s and "
                        "website_id = %s", c["email"], c.get("website_id", 1)):
                raise Problem(400, "A customer with the same email address "
                              "already exists in an associated website.")
            columns.setdefault("website_id", 1)
            columns.setdefault("store_id", 1)
            columns.setdefault("group_id", 1)
            columns["created_in"] = "Default Store View"
            columns["password_hash"] = "planted-secret-hash"
            number_ = self.insert("customer_entity", columns)
        elif columns:
            self.update("customer_entity", columns, number_)
        for address in c.get("addresses", ()):
            self.address_save(number_, address)
        for item in c.get("custom_attributes", ()):
            self.value_save("customer", "customer_entity", number_, None,
                            item["attribute_code"], item["value"])
        # As the "set password" link does: a second full write of the row.
        self.run("update customer_entity set rp_token = %s where "
                 "entity_id = %s", f"planted-secret-{time.time()}", number_)
        return self.customer(number_)

    def address_save(self, customer, address):
        columns = {k: address.get(k) for k in (
            "firstname", "lastname", "city", "country_id", "postcode",
            "telephone", "company", "region_id")}
        columns["street"] = "\n".join(address.get("street", [""]))
        columns["parent_id"] = customer
        new = self.insert("customer_address_entity", columns)
        for which in ("default_billing", "default_shipping"):
            if address.get(which):
                self.update("customer_entity", {which: new}, customer)

    def customer_delete(self, number_):
        self.customer(number_)
        self.run("delete from customer_entity where entity_id = %s", number_)
        return True

    # --- products

    def product(self, sku, store):
        p = self.row("select * from catalog_product_entity where sku = %s "
                     "order by entity_id limit 1", sku)
        if not p:
            raise Problem(404, "The product that was requested doesn't exist."
                          " Verify the product and try again.")
        n = p["entity_id"]
        custom = self.values("catalog_product", "catalog_product_entity", n,
                             store)
        plain = {a["attribute_code"]: a["value"] for a in custom}
        out = {"id": n, "sku": p["sku"]}
        if "name" in plain:
            out["name"] = plain["name"]
        out["attribute_set_id"] = p["attribute_set_id"]
        if p["type_id"] == "configurable":
            out["price"] = 0
        elif "price" in plain:
            out["price"] = number(plain["price"])
        out["status"] = int(plain.get("status", 1))
        if "visibility" in plain:
            out["visibility"] = int(plain["visibility"])
        out.update(type_id=p["type_id"], created_at=text(p["created_at"]),
                   updated_at=text(p["updated_at"]))
        if "weight" in plain:
            out["weight"] = number(plain["weight"])
        categories = self.rows("select category_id, position from "
                               "catalog_category_product where "
                               "product_id = %s", n)
        out["extension_attributes"] = {
            "website_ids": [r["website_id"] for r in self.rows(
                "select website_id from catalog_product_website where "
                "product_id = %s", n)],
            "category_links": [{"position": r["position"],
                                "category_id": str(r["category_id"])}
                               for r in categories],
            "stock_item": self.stock(n)}
        out.update(product_links=[], options=[], media_gallery_entries=[],
                   tier_prices=[])
        out["custom_attributes"] = [
            {"attribute_code": "required_options",
             "value": str(p["required_options"])},
            {"attribute_code": "has_options", "value": str(p["has_options"])},
            {"attribute_code": "category_ids",
             "value": [str(r["category_id"]) for r in categories]},
        ] + [a for a in custom if a["attribute_code"] not in OUTSIDE]
        return out

    def stock(self, product):
        s = self.row("select * from cataloginventory_stock_item where "
                     "product_id = %s", product)
        if not s:
            return None
        return {"item_id": s["item_id"], "product_id": product,
                "stock_id": s["stock_id"], "qty": number(s["qty"] or 0),
                "is_in_stock": bool(s["is_in_stock"]),
                "is_qty_decimal": bool(s["is_qty_decimal"])}

    def product_save(self, body, store, sku=None):
        p = dict(body["product"])
        sku = sku or p["sku"]
        known = self.row("select entity_id from catalog_product_entity where "
                         "sku = %s", sku)
        if known:
            n = known["entity_id"]
            self.run("update catalog_product_entity set updated_at = now() "
                     "where entity_id = %s", n)
        else:
            n = self.insert("catalog_product_entity", {
                "attribute_set_id": p.get("attribute_set_id", 4),
                "type_id": p.get("type_id", "simple"), "sku": sku})
            self.run("insert into catalog_product_website values (%s, 1)", n)
            self.insert("cataloginventory_stock_item",
                        {"product_id": n, "stock_id": 1, "qty": 0})
            # A create always writes the default scope.
            store = 0
        values = {k: p[k] for k in ("name", "price", "status", "visibility",
                                    "weight") if k in p}
        values.update({a["attribute_code"]: a["value"]
                       for a in p.get("custom_attributes", ())})
        for code, value in values.items():
            self.value_save("catalog_product", "catalog_product_entity", n,
                            store, code, value)
        extension = p.get("extension_attributes", {})
        if "stock_item" in extension:
            self.stock_save(n, extension["stock_item"])
        for link in extension.get("category_links", ()):
            self.run("insert into catalog_category_product (category_id, "
                     "product_id, position) values (%s, %s, %s) on duplicate "
                     "key update position = values(position)",
                     link["category_id"], n, link.get("position", 0))
        return self.product(sku, store)

    def stock_save(self, product, item):
        columns = {k: item[k] for k in ("qty", "is_in_stock") if k in item}
        if columns:
            names = ", ".join(f"{k} = %s" for k in columns)
            self.run(f"update cataloginventory_stock_item set {names} where "
                     "product_id = %s", *columns.values(), product)

    # --- values of attributes

    def values(self, kind, table, entity, store):
        """Single load: store rows override default rows, null included."""
        found = {}
        for backend in ("datetime", "decimal", "int", "text", "varchar"):
            stores = "" if store is None else \
                f"and v.store_id in (0, {int(store)}) order by v.store_id"
            for r in self.rows(
                    "select a.attribute_code, v.value from "
                    f"{table}_{backend} v join eav_attribute a "
                    "using (attribute_id) where v.entity_id = %s and "
                    f"a.backend_type = '{backend}' {stores}", entity):
                found[r["attribute_code"]] = r["value"]
        return [{"attribute_code": code, "value": str(text(value))}
                for code, value in found.items() if value is not None]

    def value_save(self, kind, table, entity, store, code, value):
        a = self.row("select attribute_id, backend_type, is_global from "
                     "eav_attribute join eav_entity_type "
                     "using (entity_type_id) left join catalog_eav_attribute "
                     "using (attribute_id) where entity_type_code = %s and "
                     "attribute_code = %s", kind, code)
        if not a or a["backend_type"] == "static":
            return
        name = f"{table}_{a['backend_type']}"
        columns = {"attribute_id": a["attribute_id"], "entity_id": entity,
                   "value": value if value != "" else None}
        if store is not None:
            # A global attribute has one value, whatever store was asked.
            columns["store_id"] = 0 if a["is_global"] == 1 else store
        marks = ", ".join(["%s"] * len(columns))
        self.run(f"insert into {name} ({', '.join(columns)}) values ({marks}) "
                 "on duplicate key update value = values(value)",
                 *columns.values())

    # --- categories

    def category(self, number_, store):
        c = self.row("select * from catalog_category_entity where "
                     "entity_id = %s", number_)
        if not c:
            raise Problem(404, "No such entity with %fieldName = %fieldValue",
                          fieldName="id", fieldValue=int(number_))
        custom = self.values("catalog_category", "catalog_category_entity",
                             number_, store)
        plain = {a["attribute_code"]: a["value"] for a in custom}
        children = self.rows("select entity_id from catalog_category_entity "
                             "where parent_id = %s order by position", number_)
        out = {"id": c["entity_id"], "parent_id": c["parent_id"]}
        if "name" in plain:
            out["name"] = plain["name"]
        if "is_active" in plain:
            out["is_active"] = plain["is_active"] == "1"
        out.update(position=c["position"], level=c["level"],
                   children=",".join(str(r["entity_id"]) for r in children),
                   created_at=text(c["created_at"]),
                   updated_at=text(c["updated_at"]), path=c["path"],
                   include_in_menu=plain.get("include_in_menu") == "1")
        out["custom_attributes"] = [
            {"attribute_code": "path", "value": c["path"]},
            {"attribute_code": "children_count",
             "value": str(c["children_count"])},
        ] + [a for a in custom if a["attribute_code"] not in
             ("name", "is_active", "include_in_menu")]
        return out

    # --- orders

    def order(self, number_):
        o = self.row("select * from sales_order where entity_id = %s", number_)
        if not o:
            raise Problem(404, "The entity that was requested doesn't exist. "
                          "Verify the entity and try again.")
        out = self.order_row(o)
        out["items"] = [self.order_row(i) for i in self.rows(
            "select * from sales_order_item where order_id = %s "
            "order by item_id", number_)]
        for a in self.rows("select * from sales_order_address where "
                           "parent_id = %s", number_):
            address = self.order_row(a)
            address["street"] = (a["street"] or "").split("\n")
            if a["address_type"] == "billing":
                out["billing_address"] = address
            else:
                out["extension_attributes"] = {"shipping_assignments": [
                    {"shipping": {"address": address}, "items": out["items"]}]}
        payment = self.row("select * from sales_order_payment where "
                           "parent_id = %s", number_)
        if payment:
            row = self.order_row(payment)
            row.update(account_status=None, additional_information=[],
                       cc_last4=payment["cc_last_4"])
            out["payment"] = {k: v for k, v in row.items() if k != "cc_last_4"}
        out["status_histories"] = [self.order_row(h) for h in self.rows(
            "select * from sales_order_status_history where parent_id = %s "
            "order by created_at desc, entity_id desc", number_)]
        return out

    @staticmethod
    def order_row(row):
        out = {}
        for name, value in row.items():
            if value is None:
                continue
            out[name] = number(value) if hasattr(value, "as_tuple") else \
                text(value)
        return out

    def order_save(self, body):
        o = dict(body["entity"])
        items = o.pop("items", [])
        last = self.row("select max(entity_id) as n from sales_order")["n"]
        number_ = self.insert("sales_order", {
            "state": "new", "status": "pending", "store_id": 1,
            "increment_id": f"{(last or 0) + 1:09}",
            "customer_id": o.get("customer_id"),
            "customer_email": o.get("customer_email"),
            "grand_total": o.get("grand_total", 0),
            "base_grand_total": o.get("grand_total", 0),
            "order_currency_code": "EUR",
            "protect_code": "planted-secret-protect"})
        for i in items:
            self.insert("sales_order_item", {
                "order_id": number_, "store_id": 1, "sku": i["sku"],
                "name": i.get("name"), "price": i.get("price", 0),
                "qty_ordered": i.get("qty_ordered", 1),
                "product_id": i.get("product_id")})
            self.run("update cataloginventory_stock_item s join "
                     "catalog_product_entity p on p.entity_id = s.product_id "
                     "set s.qty = s.qty - %s where p.sku = %s",
                     i.get("qty_ordered", 1), i["sku"])
        self.insert("sales_order_payment", {
            "parent_id": number_, "method": "checkmo",
            "cc_number_enc": "planted-secret-cc"})
        self.insert("sales_order_status_history", {
            "parent_id": number_, "status": "pending", "comment": "placed"})
        return self.order(number_)

    # --- lists and helpers

    def insert(self, table, columns):
        marks = ", ".join(["%s"] * len(columns))
        return self.run(f"insert into {table} ({', '.join(columns)}) "
                        f"values ({marks})", *columns.values())

    def update(self, table, columns, number_):
        names = ", ".join(f"{k} = %s" for k in columns)
        self.run(f"update {table} set {names} where entity_id = %s",
                 *columns.values(), number_)

    def listing(self, query, table, key, load):
        criteria = {re.sub(r"\W+", "_", k.split("[", 1)[-1]).strip("_"): v
                    for k, v in query}
        size = int(criteria.get("pageSize", criteria.get("page_size", 20)))
        page = max(1, int(criteria.get("currentPage",
                                       criteria.get("current_page", 1))))
        where, args = "", []
        field = next((v for k, v in criteria.items() if k.endswith("field")
                      and "sort" not in k.lower()), None)
        if field:
            if not re.fullmatch(r"[a-z_]+", field):
                raise Problem(400, "Invalid field")
            value = next(v for k, v in criteria.items() if k.endswith("value"))
            where, args = f" where `{field}` = %s", [value]
        total = self.row(f"select count(*) as n from {table}{where}", *args)
        found = self.rows(f"select {key} as k from {table}{where} order by "
                          f"entity_id limit {size} offset {size * (page - 1)}",
                          *args)
        return {"items": [load(r["k"]) for r in found],
                "search_criteria": {"filter_groups": [], "page_size": size,
                                    "current_page": page},
                "total_count": total["n"]}

    def answer(self, method, path, query, body):
        match = re.fullmatch(r"/rest(?:/([a-z_]+))?/V1/(.+?)/?", path)
        if not match:
            raise Problem(404, "Request does not match any route.")
        store = self.store_id(match.group(1))
        parts = [urllib.parse.unquote(p) for p in match.group(2).split("/")]
        for verb, pattern, call in ROUTES:
            if verb == method and len(pattern) == len(parts) and all(
                    p in ("*", part) for p, part in zip(pattern, parts)):
                arguments = [x for p, x in zip(pattern, parts) if p == "*"]
                return call(self, arguments, store, query, body)
        raise Problem(404, "Request does not match any route.")


def integer(value):
    if not re.fullmatch(r"\d+", value):
        raise Problem(400, f'The "{value}" value\'s type is invalid. The "int" '
                      "type was expected. Verify and try again.")
    return int(value)


def stock_put(m, a, body):
    product = m.row("select entity_id from catalog_product_entity where "
                    "sku = %s", a[0])
    if not product:
        raise Problem(404, "The product that was requested doesn't exist. "
                      "Verify the product and try again.")
    m.stock_save(product["entity_id"], body["stockItem"])
    return m.stock(product["entity_id"])["item_id"]


ROUTES = [
    ("GET", ["customers", "search"], lambda m, a, s, q, b: m.listing(
        q, "customer_entity", "entity_id", m.customer)),
    ("GET", ["customers", "*"],
     lambda m, a, s, q, b: m.customer(integer(a[0]))),
    ("POST", ["customers"], lambda m, a, s, q, b: m.customer_save(b)),
    ("PUT", ["customers", "*"],
     lambda m, a, s, q, b: m.customer_save(b, integer(a[0]))),
    ("DELETE", ["customers", "*"],
     lambda m, a, s, q, b: m.customer_delete(integer(a[0]))),
    ("GET", ["products"], lambda m, a, s, q, b: m.listing(
        q, "catalog_product_entity", "sku", lambda k: m.product(k, s))),
    ("GET", ["products", "*"], lambda m, a, s, q, b: m.product(a[0], s)),
    ("POST", ["products"], lambda m, a, s, q, b: m.product_save(b, s)),
    ("PUT", ["products", "*"],
     lambda m, a, s, q, b: m.product_save(b, s, a[0])),
    ("PUT", ["products", "*", "stockItems", "*"],
     lambda m, a, s, q, b: stock_put(m, a, b)),
    ("GET", ["stockItems", "*"], lambda m, a, s, q, b: m.stock(
        m.product(a[0], s)["id"])),
    ("GET", ["categories", "list"], lambda m, a, s, q, b: m.listing(
        q, "catalog_category_entity", "entity_id",
        lambda k: m.category(k, s))),
    ("GET", ["categories", "*"],
     lambda m, a, s, q, b: m.category(integer(a[0]), s)),
    ("GET", ["orders"], lambda m, a, s, q, b: m.listing(
        q, "sales_order", "entity_id", m.order)),
    ("GET", ["orders", "*"], lambda m, a, s, q, b: m.order(integer(a[0]))),
    ("POST", ["orders"], lambda m, a, s, q, b: m.order_save(b)),
    ("GET", ["store", "storeViews"], lambda m, a, s, q, b: [
        {"id": r["store_id"], "code": r["code"], "name": r["name"],
         "website_id": r["website_id"], "store_group_id": r["group_id"],
         "is_active": r["is_active"]} for r in m.rows("select * from store")]),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def work(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        server = self.server
        with server.slots:  # as many at once as PHP has workers
            begun = time.monotonic()
            status, answer = self.serve(url, raw)
            time.sleep(max(0, server.pace - (time.monotonic() - begun)))
        with server.lock:
            server.requests += 1
            server.log.append((self.command, self.path))
            del server.log[:-10000]
        self.reply(status, answer)

    def serve(self, url, raw):
        m = None
        try:
            m = self.server.take()
            query = urllib.parse.parse_qsl(url.query, keep_blank_values=True)
            body = json.loads(raw) if raw else None
            m.db.begin()
            answer = m.answer(self.command, url.path, query, body)
            m.db.commit()
            self.server.give(m)
            return 200, answer
        except Problem as e:
            m.db.rollback()
            self.server.give(m)
            return e.status, {"message": e.message, **(
                {"parameters": e.parameters} if e.parameters else {})}
        except (KeyError, TypeError, ValueError) as e:
            m.db.rollback()
            self.server.give(m)
            return 400, {"message": f"Bad request: {type(e).__name__}"}
        except pymysql.MySQLError:
            return 500, {"message": "Internal Error. Details are available in "
                         "Magento log file. Report ID: webapi-0"}

    def reply(self, status, answer):
        # Magento escapes slashes and everything beyond ASCII.
        data = json.dumps(answer, separators=(",", ":")).replace("/", "\\/")
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data.encode())

    do_GET = do_POST = do_PUT = do_DELETE = work

    def log_message(self, *args):
        pass


class StandIn(ThreadingHTTPServer):
    """Start with serve_forever(), or in a thread by start()."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, connect, concurrency=10, pace=0.05):
        super().__init__(("127.0.0.1", port), Handler)
        self.connect, self.pace = connect, pace
        self.slots = threading.BoundedSemaphore(concurrency)
        self.lock = threading.Lock()
        self.idle, self.requests, self.log = [], 0, []

    def take(self):
        with self.lock:
            if self.idle:
                return self.idle.pop()
        return Magento(self.connect)

    def give(self, m):
        with self.lock:
            self.idle.append(m)

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    @property
    def port(self):
        return self.server_address[1]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--port", type=int, default=8000)
    p.add_argument("--db-port", type=int, required=True)
    p.add_argument("--database", default="magento")
    p.add_argument("--concurrency", type=int, default=10)
    p.add_argument("--milliseconds", type=int, default=50)
    a = p.parse_args()
    StandIn(a.port, lambda: pymysql.connect(
        host="127.0.0.1", port=a.db_port, user="root", charset="utf8mb4",
        database=a.database), a.concurrency,
        a.milliseconds / 1000).serve_forever()


if __name__ == "__main__":
    main()
