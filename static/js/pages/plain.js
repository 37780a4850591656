import { startPage } from "../components/common/page.js";

startPage();
